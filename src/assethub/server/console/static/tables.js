// Tables of data: the list of columns narrows while its search is typed into, and Escape closes it.
for (const form of document.querySelectorAll("[data-columns]")) {
  const menu = form.closest("details");
  const find = form.querySelector("input[type=search]");
  const items = [...form.querySelectorAll("label")];
  const narrow = () => {
    const words = find.value.toLowerCase();
    for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(words);
  };
  find.addEventListener("input", narrow);
  narrow();
  menu.addEventListener("toggle", () => menu.open && find.focus());
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
document.querySelector(".table-record")?.scrollIntoView({ block: "nearest" });
