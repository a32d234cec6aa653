// Editing: a text area that indents and warns before what was written is lost, and boxes that choose rows.
for (const hint of document.querySelectorAll("[data-scripted]")) hint.hidden = false;

for (const area of document.querySelectorAll("[data-editor]")) {
  const form = area.form, fields = () => JSON.stringify([...new FormData(form)]), first = fields();
  let leaving = false, sent = false;
  const unit = /^\t/m.test(area.value) || /makefile$/i.test(form.elements.to.value) ? "\t" : /^  \S/m.test(area.value) ? "  " : "    ";
  const insert = text => document.execCommand("insertText", false, text) || area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");

  area.addEventListener("keydown", event => {
    if (event.key === "Escape") { leaving = true; return; }
    if (event.key === "Tab" && !leaving && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      indent(event.shiftKey);
    }
    if (!["Shift", "Control", "Alt", "Meta"].includes(event.key)) leaving = false;
  });
  area.addEventListener("blur", () => { leaving = false; });

  // Without a selection Tab writes an indent; over several lines it moves them all, with Shift the other way.
  function indent(back) {
    const { value, selectionStart: from, selectionEnd: to } = area;
    if (!back && !value.slice(from, to).includes("\n")) { insert(unit); return; }
    const start = value.lastIndexOf("\n", from - 1) + 1, end = to > from && value[to - 1] === "\n" ? to - 1 : (value.indexOf("\n", to) + 1 || value.length + 1) - 1;
    const lines = value.slice(start, end), moved = back ? lines.replace(/^(\t| {1,4})/gm, "") : lines.replace(/^(?=.)/gm, unit);
    if (moved === lines) return;
    area.setSelectionRange(start, end);
    insert(moved);
    area.setSelectionRange(from === to ? Math.max(start, from + moved.length - lines.length) : start, from === to ? Math.max(start, from + moved.length - lines.length) : start + moved.length);
  }

  document.addEventListener("keydown", event => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); ask(); }
  });

  // How the change is kept is asked when it is to be saved.
  const dialog = form.querySelector("[data-save]");
  const ask = () => { if (!dialog.open && form.elements.to.reportValidity()) { dialog.showModal(); form.elements.message.focus(); } };
  dialog.close();
  form.querySelector("[data-open-save]").addEventListener("click", ask);
  dialog.querySelector("[data-leave]").addEventListener("click", event => { event.preventDefault(); dialog.close(); area.focus(); });
  form.addEventListener("submit", () => { sent = true; });
  window.addEventListener("pageshow", () => { sent = false; });
  window.addEventListener("beforeunload", event => {
    if (!sent && ("unsaved" in form.dataset || fields() !== first)) event.preventDefault();
  });
}

// Who writes the name of a new branch means it.
for (const field of document.querySelectorAll("[data-with-how]")) {
  const choose = () => { if (field.value) field.form.elements.how.value = field.dataset.withHow; };
  field.addEventListener("input", choose);
}
for (const radio of document.querySelectorAll("input[name=how]")) radio.addEventListener("change", () => {
  const field = radio.form.querySelector("[data-with-how]");
  if (!field) return;
  field.required = radio.form.elements.how.value === field.dataset.withHow;
  if (field.required) field.focus();
});

for (const form of document.querySelectorAll("[data-choosing]")) {
  const boxes = [...form.querySelectorAll("input[name=path]")], all = form.querySelector("[data-choose-all]"), told = form.querySelector("[data-count]");
  let last = null;
  const show = () => {
    const chosen = boxes.filter(box => box.checked).length;
    for (const button of form.querySelectorAll("[data-needs-choice]")) button.disabled = !chosen;
    if (told) told.textContent = chosen || "";
    if (all) { all.checked = chosen === boxes.length; all.indeterminate = chosen > 0 && chosen < boxes.length; }
  };
  for (const box of boxes) box.addEventListener("click", event => {
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const one of boxes.slice(from, to + 1)) one.checked = box.checked;
    }
    last = box;
    show();
  });
  all?.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; show(); });
  window.addEventListener("pageshow", show);
  show();
}
