// What was dropped or chosen, as a flat list of files with their paths; folders are walked, rubbish is left out.
const LEFT_OUT = new Set([".git", ".hg", ".svn", ".DS_Store", "__MACOSX", "__pycache__", ".ipynb_checkpoints", "Thumbs.db", "desktop.ini"]);

export const rubbish = path => path.split("/").find(part => LEFT_OUT.has(part) || part.startsWith("._"));

// Files of an `<input>`: with webkitdirectory their paths begin with the folder's name.
export async function* chosen(files) {
  for (const file of files) yield { path: (file.webkitRelativePath || file.name).normalize("NFC"), file };
}

// Entries of a drop. Their files are fetched here, side by side, since each is a question to the browser.
export async function* dropped(entries) {
  const waiting = [...entries];
  while (waiting.length) {
    const entry = waiting.shift();
    if (entry.isDirectory && LEFT_OUT.has(entry.name)) {
      yield { path: entry.fullPath.slice(1), file: null };
      continue;
    }
    const inside = entry.isDirectory ? await children(entry) : [entry];
    waiting.push(...inside.filter(one => one.isDirectory));
    const files = inside.filter(one => one.isFile);
    for (let at = 0; at < files.length; at += 100)
      for (const one of await Promise.all(files.slice(at, at + 100).map(found))) yield one;
  }
}

const found = entry => new Promise((resolve, reject) =>
  entry.file(file => resolve({ path: entry.fullPath.slice(1).normalize("NFC"), file, entry }), error => reject(named(entry, error))));

// A folder is read in portions until one is empty.
async function children(folder) {
  const reader = folder.createReader(), all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, error => reject(named(folder, error))));
    if (!some.length) return all;
    all.push(...some);
  }
}

const named = (entry, error) => new Error(`${entry.fullPath}: ${error.message}`);

// The file as it is now, for one more attempt: a file that changed on disk cannot be read through its old handle.
export const again = item => item.entry ? found(item.entry).then(one => one.file) : Promise.resolve(item.file);
