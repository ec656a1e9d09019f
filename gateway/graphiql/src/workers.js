// Tells Monaco where its workers are: beside this script, so that the page works behind any path prefix.
// `WORKERS` is put in by the build: label → file name.

globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    const name = WORKERS[label] ?? WORKERS.editor;
    return new Worker(new URL(name, import.meta.url), { name: label });
  },
};
