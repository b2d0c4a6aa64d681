"""Folders, dropped on the page as from a file manager."""

DROP = """
async ([target, entries]) => {
  const folder = (name, children) => ({
    name, isFile: false, isDirectory: true,
    createReader: () => {
      const parts = [children.slice(0, 100), children.slice(100)];
      return { readEntries: (give) => give(parts.shift() ?? []) };
    },
  });
  const contentOf = (text) => (/^[0-9a-f]+$/.test(text)
    ? new Uint8Array(text.match(/../g).map((byte) => parseInt(byte, 16))) : text);
  const file = (name, text) => ({
    name, isFile: true, isDirectory: false, file: (give) => give(new File([contentOf(text)], name)),
  });
  const made = entries.map(([name, children]) =>
    folder(name, children.map(([one, text]) => file(one, text))));
  const items = made.map((entry) => ({ webkitGetAsEntry: () => entry }));
  const event = new Event("drop", { bubbles: true, cancelable: true });
  event.dataTransfer = { items, files: [] };
  document.querySelector(target).dispatchEvent(event);
}
"""
