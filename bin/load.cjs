'use strict';
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { Script } = require('node:vm');

/** V8's stored code for FILE and a kind of launch. */
const cacheFile = (file, profile) => `${file}.${profile}.cache`;

const readCache = (file) => {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
};

/**
 * Loads a CommonJS file as `require` would, with V8's stored code if that fits this Node and this file; V8 checks both itself.
 * Compiling from the source each time costs several milliseconds of every start.
 */
const load = (file, profile) => {
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`;
  const script = new Script(source, { filename: file, cachedData: readCache(cacheFile(file, profile)) });
  const loaded = { exports: {} };
  script.runInThisContext()(loaded.exports, createRequire(file), loaded, file, path.dirname(file));
  return { exports: loaded.exports, script };
};

/** What a command line will need: all of the built-in machine, only what comes before an engine, or, by the look of it, the engine alone. */
const profileOf = (words) => {
  if (words.some((word) => /^(type=)?bare\b/.test(word))) return 'bare';
  return words.some((word) => /vfio|iommu/.test(word)) ? 'engine' : 'pass-through';
};

module.exports = { cacheFile, load, profileOf };
