'use strict';
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { Script } = require('node:vm');

const readCache = (file) => {
  try {
    return readFileSync(`${file}.cache`);
  } catch {
    return undefined;
  }
};

/**
 * Loads a CommonJS file as `require` would, with V8's stored code if that fits this Node and this file; V8 checks both itself.
 * Compiling from the source each time costs several milliseconds of every start.
 */
const load = (file) => {
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`;
  const script = new Script(source, { filename: file, cachedData: readCache(file) });
  const loaded = { exports: {} };
  script.runInThisContext()(loaded.exports, createRequire(file), loaded, file, path.dirname(file));
  return { exports: loaded.exports, script };
};

module.exports = { load };
