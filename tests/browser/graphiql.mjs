// Uses GraphiQL as a person would, in a real browser: node graphiql.mjs URL --query FILE [options]
//
//   --query FILE        the query to run in a new tab
//   --expect TEXT       what the answer must contain; may be repeated
//   --sources A,B       also open the page for this slice, and see that its requests are for the slice
//   --search WORDS      what to look for among the names; a field of that name must be there
//   --screenshots DIR   where to leave pictures of what was seen
//
// Fails if a check does not hold, on any request to another origin, on any answer that is an error, on anything
// the browser reports as an error, and on a breach of the page's content security policy. Exit code 0, 1, or 2 for usage.
// The browser is $CHROMIUM or /usr/bin/chromium; without one it says so, and fails only if LILONG_REQUIRE_SERVERS=1.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const WAIT = 60_000;
const FLAGS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    query: { type: 'string' },
    expect: { type: 'string', multiple: true, default: [] },
    sources: { type: 'string' },
    search: { type: 'string', default: 'id' },
    screenshots: { type: 'string' },
  },
});
if (positionals.length !== 1 || !options.query) {
  console.error('usage: node graphiql.mjs URL --query FILE [--expect TEXT]… [--sources A,B] [--screenshots DIR]');
  process.exit(2);
}
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  console.log(`skipped: no browser at ${executablePath}`);
  process.exit(process.env.LILONG_REQUIRE_SERVERS === '1' ? 1 : 0);
}

const url = new URL(positionals[0]);
const query = readFileSync(options.query, 'utf8');
if (options.screenshots) mkdirSync(options.screenshots, { recursive: true });
const faults = [];
const posted = [];

/** Everything that must never happen, whatever is being done, ends in `faults`. */
async function watch(context) {
  await context.route('**', route => {
    const asked = new URL(route.request().url());
    if (asked.origin === url.origin || asked.protocol === 'data:' || asked.protocol === 'blob:') return route.continue();
    faults.push(`a request to another origin: ${asked}`);
    return route.abort();
  });
  context.on('request', request => {
    if (request.method() === 'POST') posted.push(request.url());
  });
  context.on('response', response => {
    if (response.status() >= 400) faults.push(`status ${response.status()} for ${response.url()}`);
  });
  context.on('console', message => {
    // The explorer has no form for lists of input objects, as in `orderBy: [{ … }]`; it says so and shows the rest.
    if (message.text().startsWith('arg mismatch between arg and selection')) return;
    // Monaco goes on without a worker that does not load, and only warns.
    if (message.type() === 'error' || message.text().includes('web worker')) faults.push(`the console: ${message.text()}`);
  });
  context.on('weberror', error => faults.push(`an exception: ${error.error().stack}`));
  await context.exposeBinding('reportBreach', (_, breach) => faults.push(`the security policy: ${breach}`));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', event =>
      globalThis.reportBreach(`${event.effectiveDirective} refused ${event.blockedURI} (${event.sourceFile})`),
    );
  });
}

const picture = async (page, name) => {
  if (options.screenshots) await page.screenshot({ path: join(options.screenshots, `${name}.png`) });
};

/** The whole text of an editor, also of lines that are not in sight: `operation.graphql` or `response.json`. */
const editorText = (page, name) =>
  page.evaluate(
    name => globalThis.__MONACO.editor.getModels().find(model => model.uri.path.endsWith(name))?.getValue() ?? '',
    name,
  );

const until = (page, name, pattern) =>
  page.waitForFunction(
    ([name, pattern]) =>
      new RegExp(pattern).test(
        globalThis.__MONACO?.editor.getModels().find(model => model.uri.path.endsWith(name))?.getValue() ?? '',
      ),
    [name, pattern],
    { timeout: WAIT },
  );

const openPanel = async (page, title) => {
  const button = page.getByRole('button', { name: `Show ${title}` });
  if (await button.count()) await button.click();
};

const explorerField = (page, name) => page.locator(`.graphiql-explorer-root [data-field-name="${name}"]`).first();

/** Opens the page and waits until the schema has come: the explorer then offers the root fields. */
async function open(page, address) {
  await page.goto(address);
  await page.locator('.graphiql-query-editor .view-lines').waitFor({ timeout: WAIT });
  await openPanel(page, 'GraphiQL Explorer');
  await explorerField(page, '_sources').waitFor({ timeout: WAIT });
}

async function run(page) {
  await page.waitForTimeout(300); // GraphiQL hands on what was typed after 100 ms, and shows nothing when it has
  await page.getByRole('button', { name: 'Execute query' }).click();
  await until(page, 'response.json', '"(data|errors)"');
  return editorText(page, 'response.json');
}

const checks = {
  async 'the first visit shows a query, the schema and the name'(page) {
    await open(page, url.href);
    assert.equal(await page.title(), 'lilong');
    assert.match(await editorText(page, 'operation.graphql'), /\{/);
    await picture(page, '1-first-visit');
  },
  async 'the first tab runs without errors'(page) {
    const answer = JSON.parse(await run(page));
    assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
    await picture(page, '2-first-tab');
  },
  async 'the explorer builds a query'(page) {
    await page.getByRole('button', { name: 'New tab' }).click();
    await until(page, 'operation.graphql', '^$');
    await explorerField(page, '_sources').locator('[data-arg-name], span').first().click();
    await until(page, 'operation.graphql', '_sources');
    await explorerField(page, 'name').locator('span').first().click();
    await until(page, 'operation.graphql', '_sources\\s*\\{\\s*name');
    assert.match(await run(page), /"name"/);
    await picture(page, '3-explorer');
  },
  async 'the given query runs in a new tab'(page) {
    await page.getByRole('button', { name: 'New tab' }).click();
    await until(page, 'operation.graphql', '^$');
    await page.locator('.graphiql-query-editor .view-lines').click();
    await page.evaluate(text => navigator.clipboard.writeText(text), query);
    await page.keyboard.press('Control+V');
    await until(page, 'operation.graphql', '\\S');
    const answer = await run(page);
    await picture(page, '4-query');
    for (const expected of options.expect) assert.ok(answer.includes(expected), `no ${expected} in ${answer.slice(0, 2000)}`);
  },
  async 'the query stands in the history and comes back from there'(page) {
    await page.getByRole('button', { name: 'New tab' }).click();
    await until(page, 'operation.graphql', '^$');
    await openPanel(page, 'History');
    await page.locator('.graphiql-history-item-label').first().click();
    await page.waitForFunction(
      expected =>
        globalThis.__MONACO.editor.getModels().find(m => m.uri.path.endsWith('operation.graphql')).getValue() === expected,
      query,
      { timeout: WAIT },
    );
    await picture(page, '5-history');
  },
  async 'the documentation shows the root'(page) {
    await openPanel(page, 'Documentation Explorer');
    await page.locator('.graphiql-doc-explorer').getByRole('link', { name: 'Query', exact: true }).click();
    await page.locator('.graphiql-doc-explorer').getByText('_sources').first().waitFor({ timeout: WAIT });
    await picture(page, '6-documentation');
  },
  async 'words are found among all names, and open a query that runs'(page) {
    await openPanel(page, 'Sources');
    await page.getByRole('searchbox', { name: 'Search all names and comments' }).fill(options.search);
    const place = page.locator('.lilong-place').first();
    await place.waitFor({ timeout: WAIT });
    const path = (await place.evaluate(place => place.firstChild.textContent)).split('.');
    await picture(page, '7-search');
    await place.click();
    await until(page, 'operation.graphql', `${path.at(-2)}[^{]*\\{\\s*${path.at(-1)}`);
    const answer = JSON.parse(await run(page));
    assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  },
  async 'tabs outlive a reload, and a dark system gets a dark page'(page) {
    const tabs = await page.locator('.graphiql-tab').count();
    // What is typed last is stored last; GraphiQL opens another tab for a query that it does not find among those stored.
    await page.waitForFunction(
      ([tabs, query]) => {
        const key = Object.keys(localStorage).find(key => key.endsWith('tabState'));
        const stored = JSON.parse(localStorage.getItem(key));
        return stored.tabs.length === tabs && stored.tabs[stored.activeTabIndex].query === query;
      },
      [tabs, await editorText(page, 'operation.graphql')],
      { timeout: WAIT },
    );
    await page.emulateMedia({ colorScheme: 'dark' });
    await open(page, url.href);
    assert.equal(await page.locator('.graphiql-tab').count(), tabs);
    await picture(page, '8-dark');
  },
  async 'a slice is asked for as a slice'(page) {
    if (!options.sources) return 'not asked for';
    posted.length = 0;
    const slice = new URL(url);
    slice.searchParams.set('sources', options.sources);
    await open(page, slice.href);
    assert.ok(posted.length > 0);
    for (const address of posted) assert.equal(new URL(address).searchParams.get('sources'), options.sources);
    await picture(page, '9-slice');
  },
  async 'another source is chosen in the panel'(page) {
    if (!options.sources) return 'not asked for';
    await openPanel(page, 'Sources');
    const others = page.locator('.lilong-sources input[type=checkbox]:not(:checked)');
    await others.first().waitFor({ timeout: WAIT });
    const chosen = options.sources.split(',').length;
    assert.equal(await page.locator('.lilong-sources input[type=checkbox]:checked').count(), chosen);
    await others.first().check();
    await picture(page, '10-choice');
    await page.getByRole('button', { name: `Show ${chosen + 1} chosen` }).click();
    await page.waitForURL(address => (new URL(address).searchParams.get('sources') ?? '').split(',').length === chosen + 1);
    await page.locator('.graphiql-query-editor .view-lines').waitFor({ timeout: WAIT });
  },
};

const browser = await chromium.launch({ executablePath, args: FLAGS });
let failed = 0;
let passed = 0;
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await watch(context);
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT);
  for (const [name, check] of Object.entries(checks)) {
    faults.length = 0;
    try {
      const skipped = await check(page);
      assert.deepEqual(faults, []);
      console.log(skipped ? `skipped  ${name}: ${skipped}` : `ok       ${name}`);
      if (!skipped) passed += 1;
    } catch (error) {
      failed += 1;
      console.log(`FAILED   ${name}\n${error.message}\n${faults.join('\n')}`);
      await picture(page, `failed-${failed}`);
      break; // the checks build on each other
    }
  }
} finally {
  await browser.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
