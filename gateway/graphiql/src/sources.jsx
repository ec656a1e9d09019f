// The panel that finds things among hundreds of sources: choose which of them the page shows, and search all their names.
// The gateway looks through its own names; the schema as a whole is never needed for it.

import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useState } from 'react';

/** With more collections than this, the page asks for no schema until sources are chosen. */
export const MANY = 1000;

const WAIT = 150;
const WAITING_QUERY = 'lilong:query';

/** What the gateway says of its names: sources, and the places where all words of `search` stand. */
export async function fetchNames(page, search = '', signal) {
  const address = new URL('./graphiql/names.json', page);
  if (search) address.searchParams.set('search', search);
  const response = await fetch(address, { signal });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}

/** The address of the page for these sources; of the whole for none. */
export function pageFor(page, sources) {
  const address = new URL(page);
  address.search = sources.length ? `?sources=${sources.map(encodeURIComponent).join(',')}` : '';
  return address.href;
}

/** A query that shows the place: a field of some rows, some rows' first fields, or nothing but the type of a source. */
export function startingQuery(path, isField) {
  const rows = isField ? path.slice(0, -1) : path;
  const column = isField ? path.at(-1) : '__typename';
  const lines = rows.map((name, depth) => '  '.repeat(depth + 1) + name);
  lines[lines.length - 1] += isField || path.length > 1 ? '(limit: 10) {' : ' {';
  for (let depth = 0; depth < lines.length - 1; depth += 1) lines[depth] += ' {';
  const ends = rows.map((_, depth) => '  '.repeat(rows.length - depth) + '}');
  return ['{', ...lines, '  '.repeat(rows.length + 1) + column, ...ends, '}', ''].join('\n');
}

/** Whether the page was loaded anew, for more sources, to show a query there. */
export function hasWaitingQuery() {
  try {
    return sessionStorage.getItem(WAITING_QUERY) !== null;
  } catch {
    return false;
  }
}

const Icon = () => (
  <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5">
    <ellipse cx="12" cy="5" rx="8" ry="3" />
    <path d="M4 5v14c0 1.7 3.6 3 8 3s8-1.3 8-3V5M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3" />
  </svg>
);

function Places({ names, open }) {
  if (!names.places.length) return <p>Nothing of that name.</p>;
  return (
    <>
      <ul>
        {names.places.map(place => (
          <li key={place.path.join('.')}>
            <button type="button" className="lilong-place" onClick={() => open(place)} title={`${place.source}: ${place.original}`}>
              {place.path.join('.')}
              {place.type && <em>{place.type}</em>}
            </button>
            {place.comment && <small>{place.comment}</small>}
          </li>
        ))}
      </ul>
      {names.more && <p>There are more; add a word to see fewer.</p>}
    </>
  );
}

function Choice({ sources, chosen, choose }) {
  const toggle = name =>
    choose(chosen.includes(name) ? chosen.filter(other => other !== name) : [...chosen, name]);
  return (
    <ul>
      {sources.map(({ name, title, connector, collections }) => (
        <li key={name}>
          <label>
            <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} />
            {name}
            <em>
              {connector}, {collections}
            </em>
          </label>
          {title && <small>{title}</small>}
        </li>
      ))}
    </ul>
  );
}

function Panel({ page, slice }) {
  const [search, setSearch] = useState('');
  const [chosen, choose] = useState(slice);
  const [names, setNames] = useState(null);
  const [fault, setFault] = useState(null);
  const { addTab } = useGraphiQLActions();
  const { queryEditor } = useGraphiQL(pick('queryEditor'));

  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      fetchNames(page, search, stop.signal).then(
        found => {
          setNames(found);
          setFault(null);
        },
        error => stop.signal.aborted || setFault(error.message),
      );
    }, names ? WAIT : 0);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [search]);

  const show = query => {
    addTab();
    queryEditor.setValue(query);
  };
  useEffect(() => {
    if (!queryEditor || !hasWaitingQuery()) return;
    show(sessionStorage.getItem(WAITING_QUERY));
    sessionStorage.removeItem(WAITING_QUERY);
  }, [queryEditor]);

  const open = place => {
    const query = startingQuery(place.path, Boolean(place.type));
    const seen = slice.length ? slice.includes(place.source) : names.collections <= MANY;
    if (seen) {
      show(query);
      return;
    }
    sessionStorage.setItem(WAITING_QUERY, query);
    location.assign(pageFor(page, [...slice, place.source]));
  };
  const same = chosen.length === slice.length && chosen.every(name => slice.includes(name));
  return (
    <section className="lilong-sources" aria-label="Sources">
      <h1>Sources</h1>
      <input
        type="search"
        value={search}
        onChange={event => setSearch(event.target.value)}
        placeholder="Search all names and comments"
        aria-label="Search all names and comments"
        maxLength={100}
      />
      {fault && <p role="alert">The names cannot be had: {fault}</p>}
      {names && search.trim() && <Places names={names} open={open} />}
      {names && !search.trim() && (
        <>
          {!slice.length && names.collections > MANY && (
            <p>
              There are {names.collections.toLocaleString('en')} collections. Choose sources to see their fields, or search; queries
              run over everything all the same.
            </p>
          )}
          <p>
            <button type="button" className="graphiql-button" disabled={same} onClick={() => location.assign(pageFor(page, chosen))}>
              {chosen.length ? `Show ${chosen.length} chosen` : 'Show all'}
            </button>
          </p>
          <Choice sources={names.sources} chosen={chosen} choose={choose} />
        </>
      )}
    </section>
  );
}

/** The plugin for a page and the names of its slice. */
export const sourcesPlugin = (page, slice) => ({
  title: 'Sources',
  icon: Icon,
  content: () => <Panel page={page} slice={slice} />,
});
