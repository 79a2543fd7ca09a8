"""What the API does with profiles."""

from dataclasses import dataclass

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.profiles.identity_rules import IdentityRules
from runtime.stores.profiles.profile_pages import ProfilePages
from runtime.usecases.erasure.request_erasure import RequestErasure
from runtime.usecases.erasure.show_subject import ShowSubject
from runtime.usecases.profiles.change_profile import ChangeProfile
from runtime.usecases.profiles.find_profile import FindProfile
from runtime.usecases.profiles.merge_profiles import MergeProfiles, UnmergeProfile
from runtime.usecases.profiles.set_identity import SetIdentity
from runtime.usecases.profiles.show_profile import ShowProfile
from runtime.usecases.profiles.upsert_profiles import UpsertProfiles
from runtime.wiring import parts, people_parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileApi:
    """What the API does with profiles."""

    show: ShowProfile
    find: FindProfile
    pages: ProfilePages  # to list them
    change: ChangeProfile
    upsert: UpsertProfiles
    merge: MergeProfiles
    unmerge: UnmergeProfile
    rules: IdentityRules  # to show them
    set_identity: SetIdentity
    erase: RequestErasure
    subject: ShowSubject


def build(clients: Clients, installation: Settings) -> ProfileApi:
    """The use cases of profiles, with their store."""
    profiles = parts.profiles(clients, installation)
    people = people_parts.people(clients, installation)
    rules = people_parts.identity_rules(clients, installation)
    erasures, jobs = people_parts.erasures(clients, installation), parts.jobs(clients, installation)
    return ProfileApi(
        show=ShowProfile(profiles=profiles),
        find=FindProfile(people=people),
        pages=ProfilePages(table=profiles.table),
        change=ChangeProfile(people=people, clock=worker.now),
        upsert=UpsertProfiles(people=people, new_id=parts.new_id, clock=worker.now),
        merge=MergeProfiles(people=people),
        unmerge=UnmergeProfile(people=people, profiles=profiles),
        rules=rules,
        set_identity=SetIdentity(rules=rules, profiles=profiles),
        erase=RequestErasure(
            profiles=profiles,
            begin=lambda profile, job: erasures.begin(profile, job, jobs=jobs),
            jobs=jobs,
            clock=worker.now,
            new_id=parts.new_id,
        ),
        subject=ShowSubject(
            profiles=profiles,
            timelines=people_parts.timelines(clients, installation),
            events=parts.events(clients, installation),
            records=parts.records_of_events(clients, installation),
            deliveries=parts.deliveries(clients, installation),
            runs=parts.runs(clients, installation),
        ),
    )
