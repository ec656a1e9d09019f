// Builds the page into one archive of compressed files, the same bytes every time: node build.mjs [ARCHIVE]
//
// The archive is a plain tar (look into it with `tar tvf`). Members are named as the browser asks for them, with `.gz`
// added where they are compressed, and carry a hash of their content in the name, but for the page itself.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
// Written in JavaScript, so that its output depends neither on the machine nor on the version of node.
import { gzip } from 'pako';

const root = dirname(fileURLToPath(import.meta.url));
const archive = process.argv[2] ?? join(root, 'graphiql.tar');

const workers = {
  editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
  json: 'monaco-editor/esm/vs/language/json/json.worker.js',
  graphql: 'monaco-graphql/esm/graphql.worker.js',
};

// One copy of graphql-js for all, the one that unused parts can be left out of. Monaco's own style is part of GraphiQL's.
// The image preview would contact outside hosts.
const replacements = {
  name: 'replacements',
  setup(build) {
    build.onLoad({ filter: /node_modules\/monaco-editor\/.*\.css$/ }, () => ({ contents: '', loader: 'empty' }));
    build.onResolve({ filter: /^graphql$/ }, () => ({ path: join(root, 'node_modules/graphql/index.mjs') }));
    build.onResolve({ filter: /\/image-preview\.js$/ }, () => ({ path: join(root, 'src/image-preview.js') }));
  },
};

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'warning',
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [replacements],
};

const hashed = (name, extension, bytes) =>
  `${name}-${createHash('sha256').update(bytes).digest('hex').slice(0, 10)}.${extension}`;

// Fonts as files of their own are fetched only where a page shows their letters; browsers slant what has no italics.
function splitFonts(style, add) {
  return style
    .replaceAll(/@font-face\{[^}]*font-style:italic[^}]*\}/g, '')
    .replaceAll(/url\("?data:font\/(\w+);(?:charset=[\w-]+;)?base64,([^)"]+)"?\)/g, (_, extension, base64) => {
      const bytes = Buffer.from(base64, 'base64');
      const name = hashed('font', extension, bytes);
      add(name, bytes);
      return `url(${name})`;
    });
}

// The licences of everything that went in, as they ask for.
function licences(metafiles) {
  const folders = new Set();
  for (const { inputs } of metafiles) {
    for (const input of Object.keys(inputs)) {
      const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
      if (folder) folders.add(folder);
    }
  }
  const texts = [...folders].sort().map(folder => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json')));
    const files = readdirSync(join(root, folder)).filter(file => /^(licen[cs]e|notice|thirdpartynotices)/i.test(file));
    const full = files.sort().map(file => readFileSync(join(root, folder, file), 'utf8').trim());
    return [`${name} ${version} (${license})`, ...full].join('\n\n');
  });
  texts.push('Fonts: Roboto and Fira Code (SIL Open Font License 1.1), Codicons (CC BY 4.0)');
  return texts.join(`\n\n${'-'.repeat(80)}\n\n`) + '\n';
}

async function build() {
  const members = new Map();
  const add = (name, bytes) => members.set(`graphiql/${name}`, Buffer.from(bytes));

  const workerBuilds = await Promise.all(
    Object.entries(workers).map(async ([label, path]) => {
      const result = await esbuild.build({ ...shared, entryPoints: [`node_modules/${path}`], outdir: 'out', format: 'iife' });
      const bytes = result.outputFiles[0].contents;
      const name = hashed(label, 'js', bytes);
      add(name, bytes);
      return { label, name, metafile: result.metafile };
    }),
  );

  const result = await esbuild.build({
    ...shared,
    entryPoints: { app: 'src/main.jsx' },
    outdir: 'out',
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    define: { ...shared.define, WORKERS: JSON.stringify(Object.fromEntries(workerBuilds.map(w => [w.label, w.name]))) },
  });
  const page = {};
  for (const { path, contents, text } of result.outputFiles) {
    const name = basename(path);
    if (name.endsWith('.css')) {
      const style = Buffer.from(splitFonts(text, add));
      page.style = hashed('app', 'css', style);
      add(page.style, style);
    } else {
      if (name.startsWith('app-')) page.script = name;
      add(name, contents);
    }
  }
  const icon = readFileSync(join(root, 'src/icon.svg'));
  page.icon = hashed('icon', 'svg', icon);
  add(page.icon, icon);
  add('licenses.txt', licences([result.metafile, ...workerBuilds.map(w => w.metafile)]));
  const html = readFileSync(join(root, 'src/index.html'), 'utf8');
  members.set('index.html', Buffer.from(html.replaceAll(/%(\w+)%/g, (_, key) => `graphiql/${page[key]}`)));
  return members;
}

// One member in the format that every tar reads (POSIX ustar), without times or owners.
function tarMember(name, bytes) {
  const header = Buffer.alloc(512);
  const octal = (value, offset, length) => header.write(value.toString(8).padStart(length - 1, '0'), offset);
  header.write(name, 0);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(bytes.length, 124, 12);
  octal(0, 136, 12);
  header.fill(' ', 148, 156);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  octal(header.reduce((sum, byte) => sum + byte), 148, 7);
  return Buffer.concat([header, bytes, Buffer.alloc(-bytes.length & 511)]);
}

const members = [...(await build())].sort(([a], [b]) => (a < b ? -1 : 1));
const files = members.map(([name, bytes]) => {
  if (/\.woff2?$/.test(name)) return [name, bytes];
  const compressed = Buffer.from(gzip(bytes, { level: 9, header: { time: 0, os: 255 } }));
  return [`${name}.gz`, compressed];
});
const tar = Buffer.concat([...files.map(([name, bytes]) => tarMember(name, bytes)), Buffer.alloc(1024)]);
writeFileSync(archive, tar);
const plain = members.reduce((sum, [, bytes]) => sum + bytes.length, 0);
console.log(`${files.length} files, ${plain} bytes, ${tar.length} in ${basename(archive)}`);
