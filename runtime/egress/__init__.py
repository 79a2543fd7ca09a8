"""The only home of outbound HTTP: address table, resolver, pinned transport."""
