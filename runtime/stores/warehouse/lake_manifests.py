"""Stores the manifests of the lake, each beside the files that it names."""

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.core.warehouse import manifest, plan
from runtime.core.warehouse.manifest import Entry, Manifest
from runtime.core.warehouse.plan import Load, Rendered
from runtime.errors import NotFound
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.people_file import Rewritten


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeManifests:
    """The manifests of every sync. Who changes one has the sync's lease."""

    bucket: Bucket

    def publish(self, load: Load, rendered: Rendered) -> None:
        """Store the manifest of a load whose files are all there."""
        made = manifest.of_load(load, rendered.lake, key=lambda file: plan.lake_key(load, file))
        if made.files:
            self.bucket.put(manifest.in_lake(made.files[0].key), made.to_json())

    def correct(self, key: str, file: Rewritten) -> None:
        """Have the manifest that names a file say of it what is true."""
        listed = self._naming(key)
        if listed is None:
            return
        correct = listed.with_file(key, rows=file.rows, size_bytes=len(file.body))
        if correct != listed:
            self.bucket.put(manifest.in_lake(key), correct.to_json())

    def merge(self, inputs: Sequence[str], output: Entry) -> None:
        """Name one file in place of others, which are still there. To do it again changes nothing.

        The one is named first: meanwhile a reader finds rows twice, and never too few.
        """
        place = manifest.in_lake(output.key)
        if not self.bucket.exists(place):  # behind this, the others' manifests may be gone
            loads = [load_id for key in inputs for load_id in self._loads(key)]
            self.bucket.put(place, manifest.of_merge(output, loads).to_json())
        for key in inputs:
            self._drop(key)

    def _drop(self, key: str) -> None:
        listed = self._naming(key)
        if listed is None:
            return
        left = listed.without_file(key)
        if not left.files:
            self.bucket.delete(manifest.in_lake(key))
        elif left != listed:
            self.bucket.put(manifest.in_lake(key), left.to_json())

    def _loads(self, key: str) -> Sequence[str]:
        """The ids of the loads whose rows are in a file, as far as anybody has noted them."""
        listed = self._naming(key)
        if listed is not None:
            return listed.loads
        load_id = manifest.load_of(key)
        return () if load_id is None else (load_id,)

    def _naming(self, key: str) -> Manifest | None:
        try:
            return manifest.parse(self.bucket.get(manifest.in_lake(key)))
        except NotFound:  # the file is from before there were manifests
            return None
