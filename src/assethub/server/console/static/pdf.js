// Draws the pages of a PDF as they come into sight. The library runs no script of the file, and the page's policy no text as one.
const MOST_PAGES = 500, MOST_DOTS = 16e6;
const box = document.querySelector("[data-pdf]"), note = box.querySelector("p");

async function draw(page, canvas) {
  const scale = canvas.clientWidth / page.getViewport({ scale: 1 }).width * Math.min(devicePixelRatio || 1, 2);
  let viewport = page.getViewport({ scale });
  const dots = viewport.width * viewport.height;
  if (dots > MOST_DOTS) viewport = page.getViewport({ scale: scale * Math.sqrt(MOST_DOTS / dots) });
  canvas.width = Math.floor(viewport.width);
  canvas.height = Math.floor(viewport.height);
  await page.render({ canvas, viewport }).promise;
  canvas.dataset.drawn = "1";
}

async function open() {
  const pdf = await import(box.dataset.library);
  pdf.GlobalWorkerOptions.workerSrc = box.dataset.worker;
  const paper = await pdf.getDocument({
    url: box.dataset.pdf, isEvalSupported: false, useWasm: false, enableXfa: false, disableAutoFetch: true, disableStream: true,
    rangeChunkSize: 1 << 18, cMapUrl: box.dataset.characters, cMapPacked: true, useSystemFonts: true, maxImageSize: 1 << 26, verbosity: 0,
  }).promise;
  const first = (await paper.getPage(1)).getViewport({ scale: 1 });
  const seen = new IntersectionObserver(async entries => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && !target.dataset.begun) {
        target.dataset.begun = "1";
        const page = await paper.getPage(Number(target.dataset.number));
        const { width, height } = page.getViewport({ scale: 1 });
        target.style.aspectRatio = `${width} / ${height}`;
        await draw(page, target);
        page.cleanup();
      } else if (!isIntersecting && target.dataset.drawn) {
        target.width = target.height = 0;
        delete target.dataset.begun;
        delete target.dataset.drawn;
      }
    }
  }, { rootMargin: "100% 0px" });
  for (let number = 1; number <= Math.min(paper.numPages, MOST_PAGES); number++) {
    const canvas = document.createElement("canvas");
    canvas.dataset.number = number;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${box.dataset.page} ${number} / ${paper.numPages}`);
    canvas.style.aspectRatio = `${first.width} / ${first.height}`;
    box.append(canvas);
    seen.observe(canvas);
  }
  if (paper.numPages > MOST_PAGES) note.textContent = note.dataset.more; else note.remove();
}

box.setAttribute("aria-busy", "true");
open().catch(() => { note.textContent = note.dataset.without; }).finally(() => box.setAttribute("aria-busy", "false"));
