"""Everything that a piece of work can read and write in the database, made when it is asked for."""

from functools import cached_property

from sqlalchemy import Connection

from assethub.database.access import Reader
from assethub.database.asset_words import AssetWords
from assethub.database.assets import Assets
from assethub.database.audit import Audit
from assethub.database.credentials import Credentials
from assethub.database.evaluations import Evaluations
from assethub.database.folders import Folders
from assethub.database.gates import Gates
from assethub.database.grants import Grants
from assethub.database.history import Commits
from assethub.database.imports import Imports
from assethub.database.keys import Keys, Sessions
from assethub.database.lineage import Lineage
from assethub.database.measures import Measures
from assethub.database.multiparts import DueCommits, Multiparts, ObjectMetadata
from assethub.database.objects import Bodies, Holdings
from assethub.database.owners import Groups, Owners, Users
from assethub.database.progress import Samples, Steps
from assethub.database.purges import Purges
from assethub.database.queue import Queues
from assethub.database.refs import Refs
from assethub.database.renames import Renames
from assethub.database.roots import Roots
from assethub.database.run_records import Logs, Metrics, Segments
from assethub.database.runs import Runs
from assethub.database.s3_keys import S3Keys
from assethub.database.sources import Links, Originals, Sources
from assethub.database.staging import Staging
from assethub.database.stars import Stars, Visits
from assethub.database.storage import Storage
from assethub.database.stored import Stored
from assethub.database.sweeps import Sweeps
from assethub.database.uploads import Uploads


class Records:
    connection: Connection
    reader: Reader  # whose eyes folders, assets and runs are read with

    @cached_property
    def owners(self) -> Owners:
        return Owners(self.connection)

    @cached_property
    def groups(self) -> Groups:
        return Groups(self.connection)

    @cached_property
    def grants(self) -> Grants:
        return Grants(self.connection)

    @cached_property
    def gates(self) -> Gates:
        return Gates(self.connection, self.reader)

    @cached_property
    def lineage(self) -> Lineage:
        return Lineage(self.connection, self.reader)

    @cached_property
    def measures(self) -> Measures:
        return Measures(self.connection, self.reader)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.connection)

    @cached_property
    def users(self) -> Users:
        return Users(self.connection)

    @cached_property
    def keys(self) -> Keys:
        return Keys(self.connection)

    @cached_property
    def s3_keys(self) -> S3Keys:
        return S3Keys(self.connection)

    @cached_property
    def credentials(self) -> Credentials:
        return Credentials(self.connection)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.connection)

    @cached_property
    def folders(self) -> Folders:
        return Folders(self.connection, self.reader)

    @cached_property
    def assets(self) -> Assets:
        return Assets(self.connection, self.reader)

    @cached_property
    def commits(self) -> Commits:
        return Commits(self.connection)

    @cached_property
    def refs(self) -> Refs:
        return Refs(self.connection)

    @cached_property
    def renames(self) -> Renames:
        return Renames(self.connection)

    @cached_property
    def bodies(self) -> Bodies:
        return Bodies(self.connection)

    @cached_property
    def purges(self) -> Purges:
        return Purges(self.connection)

    @cached_property
    def roots(self) -> Roots:
        return Roots(self.connection)

    @cached_property
    def holdings(self) -> Holdings:
        return Holdings(self.connection)

    @cached_property
    def uploads(self) -> Uploads:
        return Uploads(self.connection)

    @cached_property
    def staging(self) -> Staging:
        return Staging(self.connection)

    @cached_property
    def object_metadata(self) -> ObjectMetadata:
        return ObjectMetadata(self.connection)

    @cached_property
    def multiparts(self) -> Multiparts:
        return Multiparts(self.connection)

    @cached_property
    def due_commits(self) -> DueCommits:
        return DueCommits(self.connection)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.connection, self.reader)

    @cached_property
    def sweeps(self) -> Sweeps:
        return Sweeps(self.connection, self.reader)

    @cached_property
    def queues(self) -> Queues:
        return Queues(self.connection)

    @cached_property
    def logs(self) -> Logs:
        return Logs(self.connection)

    @cached_property
    def metrics(self) -> Metrics:
        return Metrics(self.connection)

    @cached_property
    def segments(self) -> Segments:
        return Segments(self.connection)

    @cached_property
    def steps(self) -> Steps:
        return Steps(self.connection)

    @cached_property
    def samples(self) -> Samples:
        return Samples(self.connection)

    @cached_property
    def evaluations(self) -> Evaluations:
        return Evaluations(self.connection)

    @cached_property
    def sources(self) -> Sources:
        return Sources(self.connection)

    @cached_property
    def originals(self) -> Originals:
        return Originals(self.connection)

    @cached_property
    def links(self) -> Links:
        return Links(self.connection)

    @cached_property
    def imports(self) -> Imports:
        return Imports(self.connection)

    @cached_property
    def stored(self) -> Stored:
        return Stored(self.connection)

    @cached_property
    def stars(self) -> Stars:
        return Stars(self.connection)

    @cached_property
    def visits(self) -> Visits:
        return Visits(self.connection)

    @cached_property
    def asset_words(self) -> AssetWords:
        return AssetWords(self.connection)

    @property
    def storage(self) -> Storage:
        return Storage(self.connection)
