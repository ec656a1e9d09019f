// Says whether Relay's compiler takes the schema, and whether what it makes of an app's fragments is answered page by page:
// node check.mjs http://127.0.0.1:4000/graphql
//
// The address is the demo's. Prints one line; exits 0 if all of it holds. Nothing is written beside the sources.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const url = process.argv[2];
const work = mkdtempSync(join(tmpdir(), "lilong-relay-"));

function run(program, parts, cwd) {
  try {
    return execFileSync(program, parts, { cwd, encoding: "utf8", stdio: "pipe", maxBuffer: 1 << 28 });
  } catch (error) {
    throw new Error(`${basename(program)} ${parts[0]}: ${error.stdout}${error.stderr}`);
  }
}

async function ask(query, variables) {
  const body = JSON.stringify({ query, variables });
  const reply = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const answer = await reply.json();
  assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  return answer.data.civil.residentConnection;
}

try {
  mkdirSync(join(work, "src"));
  copyFileSync(join(here, "residents.js"), join(work, "src", "residents.js"));
  writeFileSync(join(work, "schema.graphql"), await (await fetch(new URL("/schema.graphql", url))).text());
  const config = { src: "./src", schema: "./schema.graphql", language: "javascript", eagerEsModules: false };
  writeFileSync(join(work, "relay.config.json"), JSON.stringify(config));
  run(require("relay-compiler"), ["relay.config.json"], work);
  const made = (name) => require(join(work, "src", "__generated__", `${name}.graphql.js`));
  const [query, next] = [made("residentsQuery"), made("residentsPageQuery")];
  const { connection, refetch } = made("residents_page").metadata;
  assert.deepEqual(connection.map(({ count, cursor, direction, path }) => [count, cursor, direction, path]), [
    ["count", "cursor", "forward", ["civil", "residentConnection"]],
  ]);
  assert.equal(refetch.operation.params.name, "residentsPageQuery");

  // The app's pages are what one list of all of them is.
  const where = { household: {} };
  const seen = [];
  let page = await ask(query.params.text, { count: 3, where });
  while (seen.length < 9) {
    assert.equal(page.edges.length, 3);
    seen.push(...page.edges.map((edge) => edge.node.idCard));
    for (const { node } of page.edges) {
      const shots = node.healthRecord?.vaccinationsConnection;
      assert.ok(!shots || shots.edges.length <= 2);
    }
    assert.equal(page.pageInfo.hasNextPage, true);
    page = await ask(next.params.text, { count: 3, cursor: page.pageInfo.endCursor, where });
  }
  const whole = await ask(query.params.text, { count: 9, where });
  assert.deepEqual(seen, whole.edges.map((edge) => edge.node.idCard));
  assert.ok(whole.totalCount > 9);
  console.log(`relay-compiler takes the schema, and its operations are answered: ${seen.length} rows in 3 pages`);
} catch (error) {
  console.log(`relay: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
