"""Gates of model folders: set, looked at, and asked before the files of a `main` change."""

from uuid import UUID

from assethub.database.gates import Measured
from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Invalid
from assethub.domain.folders import Folder, Role
from assethub.domain.gates import Gate, GateState, Standing, parse_rule
from assethub.domain.history import MAIN, Commit
from assethub.domain.names import AssetPath, FolderPath, Kind, Reference
from assethub.services import versions
from assethub.services.work import Work

MOST = 50  # of one folder


def list_gates(work: Work, path: FolderPath) -> list[Gate]:
    work.refuse_runs()
    return work.gates.of(work.folder(path, needs=Role.VIEWER).id)


def add_gate(work: Work, path: FolderPath, dataset: str, rule: str, *, by_run: bool = False) -> Gate:
    """Require from now on, of what is published in the folder, an evaluation on the dataset that fulfils it."""
    folder = gated_folder(work, path)
    reference = Reference.parse(dataset, me=work.person.name)
    if reference.asset.kind is not Kind.DATASET or reference.ref not in (None, MAIN):
        raise Invalid(
            f"A gate is on a dataset as its {MAIN} is, such as dataset/images/digits; {dataset!r} is not that."
        )
    data = work.asset(reference.asset, needs=Role.VIEWER)
    wanted = parse_rule(rule)
    there = work.gates.of(folder.id)
    for one in there:
        if (one.dataset, one.rule.metric, one.rule.sign) == (data.id, wanted.metric, wanted.sign):
            raise Conflict(f"{folder.path} has the gate {one.rule} on {data.path} already; remove it first.")
    if len(there) >= MOST:
        raise Conflict(f"{folder.path} has {len(there)} gates already, and no more are kept; remove some.")
    made = Gate(
        work.new_id(), folder.id, data.id, str(data.path), False, wanted, by_run, work.person.name, work.now()
    )  # fmt: skip
    work.gates.add(made)
    tell_gate(work, "gate.add", folder, made)
    return made


def remove_gate(work: Work, path: FolderPath, id: UUID) -> None:
    folder = gated_folder(work, path)
    gate = next((one for one in work.gates.of(folder.id) if one.id == id), None)
    if gate is None:
        raise work.hidden("gate", id)
    work.gates.delete(id)
    tell_gate(work, "gate.remove", folder, gate)


def gated_folder(work: Work, path: FolderPath) -> Folder:
    folder = work.folder(path, needs=Role.OWNER)
    if folder.path.kind is not Kind.MODEL:
        raise Invalid(f"{folder.path} holds datasets; gates are for what is published in a folder of models.")
    return folder


def tell_gate(work: Work, action: str, folder: Folder, gate: Gate) -> None:
    work.record(
        action, folder.path, folder=folder.id, gate=str(gate.id), rule=str(gate.rule), dataset=gate.dataset_path,
        by_run=gate.by_run,
    )  # fmt: skip


def gate_states(work: Work, path: AssetPath, ref: str | None) -> list[GateState]:
    """How a version would stand at the gates if it were published now."""
    work.refuse_runs()
    asset, commit = versions.version(work, Reference(path, ref))
    if asset.path.kind is not Kind.MODEL:
        raise Invalid(f"{asset.path} is a dataset; only models are published.")
    return judge(work, asset, commit, commit.content, versions.commit_at(work, asset, f"branch/{MAIN}"))


def pass_gates(
    work: Work, asset: Asset, branch: str, before: Commit | None, content: str, *, publishing: Commit | None = None
) -> None:
    """Refuse other files for a gated `main`, unless a publish of `publishing` brings them and they pass every gate.

    Whatever moves a branch asks here first. Cards are not files of the model: they change as on any branch.
    """
    same = content == (before.content if before else work.trees.empty.content)
    if same or not is_gated(work, asset, branch):
        return
    if publishing is None or before is None:
        raise work.refused(
            Conflict(
                f"The folder {asset.path.parent} has gates, so {MAIN} of {asset.path} takes only what is published: "
                f"commit to another branch, evaluate that, and publish it (`ah merge {asset.path}:BRANCH`)."
            ),
            "gate.bypass", f"{asset.path}:{branch}", asset.folder,
        )  # fmt: skip
    states = judge(work, asset, publishing, content, before)
    failed = [str(state) for state in states if not state.passed]
    if failed:
        told = f"{len(failed)} of {len(states)} gates of {asset.path.parent}" if len(states) > 1 else "The gate"
        sentence = f"{told} let this not pass, so {MAIN} of {asset.path} stays as it is."
        raise work.refused(Conflict(sentence, failed), "gate.block", f"{asset.path}:{publishing.id}", asset.folder)


def is_gated(work: Work, asset: Asset, branch: str) -> bool:
    """Whether nothing but a publish may change this branch's files."""
    return branch == MAIN and asset.path.kind is Kind.MODEL and work.gates.any(asset.folder)


def refuse_gated(work: Work, asset: Asset, branch: str) -> None:
    """Say at the start of long work that its result could not land there."""
    if is_gated(work, asset, branch):
        pass_gates(work, asset, branch, None, "")


def judge(work: Work, asset: Asset, version: Commit, content: str, main: Commit) -> list[GateState]:
    """How the files with this content, made from a version, stand at each gate; in four queries however many."""
    gates = work.gates.of(asset.folder)
    heads = work.commits.heads({gate.dataset for gate in gates if gate.dataset and not gate.gone}, MAIN)
    samples = [(dataset, head.content) for dataset, head in heads.items()]
    found = work.gates.measured(asset.id, {content, main.content}, samples) if samples else []
    states = []
    for gate in gates:
        head = heads.get(gate.dataset) if gate.dataset and not gate.gone else None
        if head is None:
            states.append(GateState(gate, Standing.DATASET_GONE))
            continue
        newest: dict[str, Measured] = {}
        for one in found:
            if (one.dataset, one.samples) == (gate.dataset, head.content) and (one.run or not gate.by_run):
                newest.setdefault(one.content, one)
        mine, theirs = newest.get(content), newest.get(main.content)
        value = mine.metrics.get(gate.rule.metric) if mine else None
        there = theirs.metrics.get(gate.rule.metric) if theirs else None
        limit = gate.rule.limit(there)
        evaluation = mine.id if mine else None
        if mine is None:
            mixed = content != version.content
            standing, missing = (Standing.MIXED, None) if mixed else (Standing.UNEVALUATED, version.id)
        elif value is None:
            standing, missing = Standing.UNMEASURED, version.id
        elif limit is not None:
            standing, missing = Standing.PASSED if gate.rule.holds(value, limit) else Standing.FAILED, None
        elif main.content == work.trees.empty.content:
            standing, missing = Standing.PASSED, None  # nothing is published yet that it could be worse than
        else:
            standing, missing = Standing.MAIN_UNEVALUATED, main.id
        states.append(GateState(gate, standing, value, limit, evaluation, missing))
    return states
