"""Every endpoint of the API, in the order of the document."""

from typing import Final

from functions._api import (
    api_keys,
    audit,
    deliveries,
    error_groups,
    events,
    function_life,
    function_replays,
    function_values,
    function_versions,
    functions,
    identity,
    imports,
    invoke,
    jobs,
    profiles,
    replays,
    runs,
    syncs,
    timelines,
    traces,
    transforms,
    webhooks,
)
from functions._api.endpoint import Endpoint

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *events.ENDPOINTS,
    *traces.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *replays.ENDPOINTS,
    *functions.ENDPOINTS,
    *function_life.ENDPOINTS,
    *function_values.ENDPOINTS,
    *function_versions.ENDPOINTS,
    *runs.ENDPOINTS,
    *invoke.ENDPOINTS,
    *function_replays.ENDPOINTS,
    *error_groups.ENDPOINTS,
    *profiles.ENDPOINTS,
    *timelines.ENDPOINTS,
    *imports.ENDPOINTS,
    *identity.ENDPOINTS,
    *jobs.ENDPOINTS,
    *transforms.ENDPOINTS,
    *syncs.ENDPOINTS,
    *api_keys.ENDPOINTS,
    *audit.ENDPOINTS,
)
