// The page: GraphiQL with explorer, documentation and history, against the endpoint beside it.

import './workers.js';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { createFetcher, endpointBeside } from './fetcher.js';
import { fetchNames, hasWaitingQuery, MANY, sourcesPlugin } from './sources.jsx';
import { createStorage } from './storage.js';
import { fetchTabs, readTabs } from './tabs.js';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './style.css';

const explorer = explorerPlugin();

function Page({ fetcher, storage, tabs, slice, sources, whole }) {
  const firstVisit = !storage?.getItem('graphiql:tabState');
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      plugins={[explorer, sources, HISTORY_PLUGIN]}
      schema={whole ? undefined : null}
      defaultTabs={tabs}
      defaultQuery=""
      // GraphiQL shows the variables of the first of its default tabs only if they are given here as well.
      initialVariables={firstVisit ? (tabs[0].variables ?? undefined) : undefined}
      visiblePlugin={!whole || hasWaitingQuery() ? sources : firstVisit ? explorer : undefined}
    >
      <GraphiQL.Logo>
        <a className="lilong-name" href="./schema.graphql" title="The schema as text" target="_blank">
          lilong
        </a>
        {slice && <span className="lilong-slice">{slice}</span>}
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

const page = document.baseURI;
const endpoint = endpointBeside(page);
const slice = endpoint.searchParams.get('sources');
const text = await fetchTabs(page);
const names = await fetchNames(page).catch(error => console.error('The names cannot be had:', error));
createRoot(document.getElementById('graphiql')).render(
  <Page
    fetcher={createFetcher(endpoint)}
    storage={createStorage(new URL(page).pathname + text)}
    tabs={readTabs(text)}
    slice={slice}
    sources={sourcesPlugin(page, slice ? slice.split(',') : [])}
    whole={Boolean(slice) || !(names?.collections > MANY)}
  />,
);
