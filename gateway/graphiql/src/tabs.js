// The tabs of a first visit: the server's own if it has any, else one that shows a newcomer around.

const WELCOME = `# Welcome to lilong: one schema
# over many databases.
#
# The panel at the left builds a
# query: tick what you want to see.
# The icon above it opens the
# documentation.
#
# Each source is a field; inside it
# stand its collections, and links
# lead on into other sources.
#
#   Ctrl-Enter    run the query
#   Ctrl-Space    what can stand here
#   Shift-Ctrl-P  tidy the query
#
# Which sources are there?

query Sources {
  _sources {
    name
    title
    connector
    state
  }
}
`;

/** The text of `tabs.json` beside the page; an empty list's, with a word in the console, where it cannot be had. */
export async function fetchTabs(page) {
  try {
    const response = await fetch(new URL('./graphiql/tabs.json', page));
    if (!response.ok) throw new Error(`status ${response.status}`);
    const text = await response.text();
    JSON.parse(text);
    return text;
  } catch (error) {
    console.error('The tabs of a first visit cannot be had:', error);
    return '[]';
  }
}

/** GraphiQL's tabs for that text: a title becomes the first line, for GraphiQL names a tab after its operation. */
export function readTabs(text) {
  const tabs = JSON.parse(text);
  if (tabs.length === 0) return [{ query: WELCOME, variables: null }];
  return tabs.map(({ title, query, variables }) => ({
    query: title ? comment(title) + query : query,
    variables: variables ? JSON.stringify(variables, null, 2) : null,
  }));
}

// In lines that fit the editor beside the explorer, for it does not wrap.
function comment(title) {
  const lines = [''];
  for (const word of title.split(/\s+/)) {
    if (lines.at(-1).length + word.length > 33) lines.push('');
    lines.push(`${lines.pop()} ${word}`);
  }
  return lines.map(line => `#${line}\n`).join('');
}
