// Sends operations to the gateway: a fetcher for GraphiQL that answers with an observable, so that its stop button
// ends the request and with it the work in the sources. An answer that is JSON is shown as it is, whatever its status.

const ACCEPT = 'application/graphql-response+json, application/json;q=0.9';

/** The address of the GraphQL endpoint beside the page, with the page's slice (`?sources=a,b`) where it has one. */
export function endpointBeside(page) {
  const endpoint = new URL('./graphql', page);
  const sources = new URL(page).searchParams.get('sources');
  if (sources !== null) endpoint.search = `?sources=${encodeURIComponent(sources).replaceAll('%2C', ',')}`;
  return endpoint;
}

/** A GraphiQL fetcher that posts to `endpoint`. */
export function createFetcher(endpoint) {
  return (operation, { headers } = {}) => ({
    subscribe(observer) {
      const stop = new AbortController();
      send(endpoint, operation, headers, stop.signal).then(
        answer => {
          observer.next(answer);
          observer.complete();
        },
        error => {
          // The message alone: GraphiQL would show the stack of an `Error` as well.
          if (!stop.signal.aborted) observer.error({ message: error.message });
        },
      );
      return { unsubscribe: () => stop.abort() };
    },
  });
}

async function send(endpoint, operation, headers, signal) {
  let response;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: { accept: ACCEPT, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(operation),
      signal,
    });
  } catch (error) {
    throw signal.aborted ? error : new Error(`No answer from ${endpoint.pathname}: ${error.message}`);
  }
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`Status ${response.status} from ${endpoint.pathname}, and no JSON: ${text.slice(0, 500)}`);
  }
}
