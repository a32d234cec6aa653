"""/folders/…/gates, and how versions stand at them"""

from uuid import UUID

from fastapi import APIRouter

from assethub.domain.gates import Gate, GateState
from assethub.protocol.gates import GateInfo, GateStateInfo, NewGate
from assethub.server.dependencies import (
    ASSET,
    FOLDER,
    CurrentFolder,
    CurrentReference,
    CurrentWork,
    WorkRoute,
)
from assethub.services import gates

router = APIRouter(tags=["gates"], route_class=WorkRoute)


def gate_info(gate: Gate) -> GateInfo:
    return GateInfo(
        id=gate.id, dataset=gate.dataset_path, rule=str(gate.rule), metric=gate.rule.metric, by_run=gate.by_run,
        created_by=gate.created_by, created_at=gate.created_at,
    )  # fmt: skip


def state_info(state: GateState) -> GateStateInfo:
    return GateStateInfo(
        gate=gate_info(state.gate), passed=state.passed, standing=state.standing.value, said=str(state),
        value=state.value, limit=state.limit, evaluation=state.evaluation, missing=state.missing,
    )  # fmt: skip


@router.get(f"{FOLDER}/gates")
def list_gates(work: CurrentWork, path: CurrentFolder) -> list[GateInfo]:
    """What is required of what is published into the `main` of the folder's models."""
    return [gate_info(gate) for gate in gates.list_gates(work, path)]


@router.post(f"{FOLDER}/gates", status_code=201)
def add_gate(work: CurrentWork, path: CurrentFolder, new: NewGate) -> GateInfo:
    """Require one thing more; for the folder's owners."""
    return gate_info(gates.add_gate(work, path, new.dataset, new.rule, by_run=new.by_run))


@router.delete(f"{FOLDER}/gates/{{id}}", status_code=204)
def remove_gate(work: CurrentWork, path: CurrentFolder, id: UUID) -> None:
    gates.remove_gate(work, path, id)


@router.get(f"{ASSET}/gates")
def gate_states(work: CurrentWork, reference: CurrentReference) -> list[GateStateInfo]:
    """How a version (default: main) would stand at each gate if it were published now."""
    return [state_info(state) for state in gates.gate_states(work, reference.asset, reference.ref)]
