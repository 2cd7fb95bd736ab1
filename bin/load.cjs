'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { Script } = require('node:vm');

/**
 * Compiles a CommonJS file with V8's stored code if that fits this Node and this file; V8 checks both itself.
 * Compiling from the source each time costs several milliseconds of every start.
 */
const compile = (file) => {
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`;
  const cache = `${file}.cache`;
  const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
  const script = new Script(source, { filename: file, cachedData, importModuleDynamically: undefined });
  return { script, rejected: script.cachedDataRejected === true };
};

/** Loads the file as `require` would. */
const load = (file) => {
  const loaded = { exports: {} };
  const { script } = compile(file);
  script.runInThisContext()(loaded.exports, createRequire(file), loaded, file, path.dirname(file));
  return loaded.exports;
};

module.exports = { compile, load };
