/** Files that people choose or drop, with the paths that they have in their folder. */

const JUNK = /(^|\/)(\.|~|Thumbs\.db$|desktop\.ini$|@eaDir\/)/i;

/** Give every file of what was dropped, folders with all that is in them, as `[path, File]`. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => [file.name, file]);
  const found = await Promise.all(entries.map((entry) => below(entry, "")));
  return found.flat().filter(([path]) => !JUNK.test(path));
}

/** Give the files of an `<input type="file">`. */
export function chosen(input) {
  const found = [...input.files].map((file) => [file.webkitRelativePath || file.name, file]);
  return found.filter(([path]) => !JUNK.test(path));
}

async function below(entry, folder) {
  const path = folder + entry.name;
  if (entry.isFile) return [[path, await new Promise((resolve, reject) => entry.file(resolve, reject))]];
  const found = await Promise.all((await entriesOf(entry)).map((one) => below(one, `${path}/`)));
  return found.flat();
}

/** Give all that is in a folder: browsers tell of some at a time, of none at the end. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    found.push(...some);
  }
}
