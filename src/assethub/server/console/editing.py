"""Editing an asset's files: new text files, changed text, moves and deletions."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.datastructures import FormData
from starlette.responses import Response

from assethub.domain.errors import Conflict, HubError, Invalid, NotFound
from assethub.domain.history import digest_of
from assethub.domain.names import AssetPath, Reference, check_path
from assethub.server.console.keeping import Keeping, changing, keep, nearest
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.console.previews.text import whole_text
from assethub.server.console.texts import MARK, differing, text_to_edit, text_to_keep
from assethub.server.dependencies import CurrentAsset
from assethub.services import receiving, staging, summaries
from assethub.services.history import NewFile

router = APIRouter()
ASSET = "/{owner}/{kind}/{folder}/{name}/-"
Chosen = Annotated[list[str], Query(alias="path")]


@router.get(f"{ASSET}/new-file")
def new_file_form(page: CurrentPage, path: CurrentAsset, ref: str | None = None, below: str = "") -> Response:
    return show_editor(page, path, ref, None, given={"to": below})


@router.post(f"{ASSET}/new-file")
def new_file(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    ref = text_of(form, "ref")
    return save(page, path, form, ref, None)


@router.get(f"{ASSET}/edit/{{file:path}}")
def edit_form(page: CurrentPage, path: CurrentAsset, file: str, ref: str | None = None) -> Response:
    return show_editor(page, path, ref, file)


@router.post(f"{ASSET}/edit/{{file:path}}")
def edit(page: CurrentPage, path: CurrentAsset, file: str, form: CurrentForm) -> Response:
    return save(page, path, form, text_of(form, "ref"), file)


def show_editor(
    page: Page, path: AssetPath, ref: str | None, file: str | None, *, problem: HubError | None = None,
    given: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """The text to edit, or what somebody wrote and could not save yet."""
    with page.reading() as work:
        asset = changing(work, path, ref)
        opened, staged = staging.open_latest(work, path, asset.ref, file) if file else (None, False)
    if file and opened is None and not given:
        raise NotFound(f"{path} has no file {file!r} on {asset.ref!r}.")
    now = opened.entry.sha256 if opened else ""
    values = {"to": file or "", "text": "", "seen": now, "message": "", "how": "commit", "new_branch": ""}
    if opened and given is None:
        values["text"] = text_to_edit(opened).removeprefix(MARK)
    values |= given or {}
    overtaken = file is not None and isinstance(problem, Conflict) and values["seen"] != now
    theirs = whole_text(opened) if overtaken and opened else ""
    values |= {"seen": now} if overtaken else {}
    return page.render(
        "asset/edit.html", 409 if overtaken else 422 if problem else 200, asset=asset, tab="files", file=file,
        given=values, staged=staged, overtaken=overtaken, gone=opened is None,
        difference=differing(theirs, values["text"]) if overtaken and theirs is not None else [],
        problem=str(problem) if problem and not overtaken else None, resting=problem.details if problem else (),
    )  # fmt: skip


def save(page: Page, path: AssetPath, form: FormData, ref: str | None, file: str | None) -> Response:
    """Keep the text at its path, which may be another than before; expects the file to be as its editor saw it."""
    sent, target = str(form.get("text", "")), text_of(form, "to") or ""
    given = {name: text_of(form, name) or "" for name in ("seen", "message", "how", "new_branch")}
    given |= {"text": sent, "to": target}
    try:
        with page.reading() as work:
            asset = changing(work, path, ref)
            opened, staged = staging.open_latest(work, path, asset.ref, file) if file else (None, False)
        if digest_of(opened.entry if opened else None) != (given["seen"] or None):
            raise Conflict(f"{file!r} has been changed meanwhile.")
        if "text" not in form:
            raise Invalid("The form brought no text; open the page again.")
        if check_path(target).endswith("/"):
            raise Invalid("The path ends in '/'; write the name of the file behind it.")
        body = text_to_keep(sent, text_to_edit(opened) if opened else "")
        new = NewFile(target, hashlib.sha256(body).hexdigest(), len(body))
        receiving.receive_small(page.hub, page.caller, path, [(new.sha256, body)])
        expected = {target: None} | ({file: given["seen"] or None} if file else {})
        renamed = [file] if file and file != target else []
        with page.writing() as work:
            kept = keep(
                work, path, Keeping.asked(form, asset.ref), f"{'Change' if file else 'Add'} {target}",
                add=[new], delete=renamed, expected=expected, over=[file] if file and staged else (),
            )  # fmt: skip
    except HubError as refusal:
        return show_editor(page, path, ref, file, problem=refusal, given=given)
    return page.go(kept.address(asset.path, "file", target))


@router.get(f"{ASSET}/move-files")
def move_form(page: CurrentPage, path: CurrentAsset, chosen: Chosen, ref: str | None = None) -> Response:
    return show_move(page, path, ref, chosen)


@router.post(f"{ASSET}/move-files")
def move_files(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    """Move what is chosen; a form that says not where is asked where."""
    ref, chosen, to = text_of(form, "ref"), chosen_in(form), text_of(form, "to")
    if "to" not in form:
        return show_move(page, path, ref, chosen)
    try:
        move = destinations(chosen, to or "")
        with page.writing() as work:
            asset = changing(work, path, ref)
            what = f"{chosen[0]} to {move[chosen[0]]}" if len(chosen) == 1 else f"{len(chosen)} paths to {to or '/'}"
            kept = keep(work, path, Keeping.asked(form, asset.ref), f"Move {what}", move=move)
    except HubError as refusal:
        return show_move(page, path, ref, chosen, refusal, form)
    if len(chosen) == 1 and not chosen[0].endswith("/"):
        return page.go(kept.address(asset.path, "file", move[chosen[0]]))
    folder = move[chosen[0]].rstrip("/") if len(chosen) == 1 else (to or "").strip("/")
    return page.go(kept.address(asset.path, *(["files", folder] if folder else [])))


def destinations(chosen: list[str], to: str) -> dict[str, str]:
    """Where each goes: one thing to the path `to`, several into the folder `to` under their own names."""
    if len(chosen) == 1:
        name = chosen[0].rpartition("/")[2]
        if name and to.endswith("/"):
            return {chosen[0]: to + name}
        return {chosen[0]: to if name or not to else f"{to.rstrip('/')}/"}
    folder = f"{to.rstrip('/')}/" if to else ""
    return {one: folder + one.rstrip("/").rpartition("/")[2] + "/" * one.endswith("/") for one in chosen}


def show_move(
    page: Page, path: AssetPath, ref: str | None, chosen: list[str], problem: HubError | None = None,
    form: FormData | None = None,
) -> Response:  # fmt: skip
    return show_chosen(page, path, ref, chosen, "asset/move.html", problem, form)


@router.get(f"{ASSET}/delete-files")
def delete_form(page: CurrentPage, path: CurrentAsset, chosen: Chosen, ref: str | None = None) -> Response:
    return show_delete(page, path, ref, chosen)


@router.post(f"{ASSET}/delete-files")
def delete_files(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    """Delete what is chosen, once it is confirmed."""
    ref, chosen = text_of(form, "ref"), chosen_in(form)
    if text_of(form, "confirm") is None:
        return show_delete(page, path, ref, chosen)
    try:
        with page.writing() as work:
            asset = changing(work, path, ref)
            what = chosen[0] if len(chosen) == 1 else f"{len(chosen)} paths"
            kept = keep(work, path, Keeping.asked(form, asset.ref), f"Delete {what}", delete=chosen)
            above = chosen[0].rstrip("/").rpartition("/")[0]
            folder = nearest(work, path, kept.branch, f"{above}/" if above else "").rstrip("/")
    except HubError as refusal:
        return show_delete(page, path, ref, chosen, refusal, form)
    return page.go(kept.address(asset.path, *(["files", folder] if folder else [])))


def show_delete(
    page: Page, path: AssetPath, ref: str | None, chosen: list[str], problem: HubError | None = None,
    form: FormData | None = None,
) -> Response:  # fmt: skip
    return show_chosen(page, path, ref, chosen, "asset/delete-files.html", problem, form)


def show_chosen(
    page: Page, path: AssetPath, ref: str | None, chosen: list[str], template: str, problem: HubError | None,
    form: FormData | None,
) -> Response:  # fmt: skip
    """A form about files and folders: how much they are, and how the change is to be kept."""
    with page.reading() as work:
        asset = changing(work, path, ref)
        rows = summaries.find_listed(work, Reference(path, f"commit/{asset.commit.id}"), chosen)
    given = {name: text_of(form, name) or "" if form else "" for name in ("message", "how", "new_branch", "to")}
    above = chosen[0].rstrip("/").rpartition("/")[0]
    start = chosen[0] if len(chosen) == 1 else f"{above}/" if above else ""
    return page.render(
        template, 422 if problem else 200, asset=asset, tab="files", rows=rows, chosen=chosen, given=given,
        to=given["to"] if form else start, problem=str(problem) if problem else None,
        resting=problem.details if problem else (),
        back=url_of(asset.path, *(["files", above] if above else []), ref=asset.ref),
    )  # fmt: skip


def chosen_in(form: FormData) -> list[str]:
    """The paths whose boxes are ticked. Invalid if there are none."""
    chosen = list(dict.fromkeys(str(one) for one in form.getlist("path")))
    if not chosen:
        raise Invalid("Choose files or folders first.")
    return chosen
