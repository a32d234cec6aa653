// Beside the upload page: reads files and hashes them, a bounded piece at a time.
importScripts("vendor/sha256.js" + self.location.search);

const PIECE = 4 << 20, SAMPLE = 64 << 10, AT_ONCE = 32, NATIVE = 32 << 10, WHOLE = 32 << 20;
const hasher = hashwasm.createSHA256();

self.onmessage = async ({ data }) => {
  try {
    if (data.small) await small(data.small);
    else await large(data.large, data.known);
  } catch (error) {
    self.postMessage({ failed: told(error) });
  }
};

// What the page has words for is told by name.
const told = error => ["NotFoundError", "NotReadableError"].includes(error.name) ? error.name : `${error.name}: ${error.message}`;

// The browser's own sha256 is faster, where it has one (not on plain HTTP), but takes whole bodies only.
async function digest(bytes) {
  if (bytes.byteLength < NATIVE || !self.crypto?.subtle) return (await hasher).init().update(new Uint8Array(bytes)).digest();
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), one => one.toString(16).padStart(2, "0")).join("");
}

// Small files: their hashes with their bytes, for the page to send without reading them again.
async function small(files) {
  const found = [];
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const read = await Promise.all(files.slice(at, at + AT_ONCE).map(file =>
      file.arrayBuffer().catch(error => ({ error: told(error) }))));
    for (const bytes of read)
      found.push(bytes.error ? bytes : { bytes, sha256: await digest(bytes) });
  }
  self.postMessage({ small: found }, found.flatMap(one => one.bytes ?? []));
}

// A large file: its hash. A sample of it tells whether the hash that was found before is still of these bytes.
async function large(file, known) {
  const sha256 = await hasher, middle = Math.max(0, (file.size - SAMPLE) >> 1), end = Math.max(0, file.size - SAMPLE);
  sha256.init();
  for (const start of [0, middle, end]) sha256.update(new Uint8Array(await file.slice(start, start + SAMPLE).arrayBuffer()));
  const sample = sha256.digest();
  if (known?.sample === sample) return self.postMessage({ large: known });
  if (file.size <= WHOLE) return self.postMessage({ large: { sha256: await digest(await file.arrayBuffer()), sample } });
  sha256.init();
  let next = file.slice(0, PIECE).arrayBuffer(), seen = performance.now();
  for (let at = 0; at < file.size; at += PIECE) {
    const bytes = await next;
    if (at + PIECE < file.size) next = file.slice(at + PIECE, at + 2 * PIECE).arrayBuffer();
    next.catch?.(() => {}); // it is awaited in the next round, and tells then
    sha256.update(new Uint8Array(bytes));
    if (performance.now() - seen > 200) { seen = performance.now(); self.postMessage({ read: at + bytes.byteLength }); }
  }
  self.postMessage({ large: { sha256: sha256.digest(), sample } });
}
