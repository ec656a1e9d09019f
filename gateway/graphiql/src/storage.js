// Keeps tabs and history in the browser, apart for each set of tabs the server gives: several catalogs are often served
// from one address in turn, and the questions of one mean nothing in another. Only the theme is everybody's.

const SHARED = new Set(['graphiql:theme']);

/** A store for GraphiQL whose keys begin with a name made of `identity`; null where the browser keeps nothing. */
export function createStorage(identity) {
  const prefix = `lilong:${hash(identity)}:`;
  const place = key => (SHARED.has(key) ? `lilong:${key}` : prefix + key);
  const keys = () => Object.keys(localStorage).filter(key => key.startsWith(prefix));
  try {
    localStorage.getItem(prefix);
  } catch {
    return null;
  }
  return {
    getItem: key => localStorage.getItem(place(key)),
    setItem: (key, value) => localStorage.setItem(place(key), value),
    removeItem: key => localStorage.removeItem(place(key)),
    clear: () => keys().forEach(key => localStorage.removeItem(key)),
    get length() {
      return keys().length;
    },
  };
}

// FNV-1a: it only keeps apart, it protects nothing.
function hash(text) {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0), 0x01000193);
  return (value >>> 0).toString(36);
}
