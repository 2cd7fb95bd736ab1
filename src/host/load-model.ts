import { failure, type VmattachError } from '../errors/problem.ts';
import { findJsonSyntaxError } from './json-syntax-error.ts';
import { consistencyProblems } from './model-consistency.ts';
import { describeValue, shapeProblems } from './model-shape.ts';
import type { HostModel } from './model.ts';
import { readBounded } from './read-bounded.ts';

/** What a `schema` key must say. */
export const HOST_MODEL_SCHEMA_NAME = 'vmattach.host/1';

/** Largest host model that is read, in bytes. */
export const HOST_MODEL_SIZE_LIMIT = 64 * 1024 * 1024;

const PROBLEM_LIMIT = 5;

/** The first problem is the message; the others follow it as lines of their own. */
const refuse = (fileName: string, [first = '', ...others]: readonly string[]): VmattachError =>
  failure('HOST_MODEL', `host model ${fileName}: ${first}`, { subject: fileName, ...(others.length > 0 && { hint: others }) });

const tooLarge = (fileName: string): VmattachError => refuse(fileName, [`larger than ${HOST_MODEL_SIZE_LIMIT} bytes`]);

const parseJson = (text: string, fileName: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    const found = findJsonSyntaxError(text);
    const where = found === undefined ? String(error) : `line ${found.line}, column ${found.column}: ${found.message}`;
    throw refuse(fileName, [`not JSON: ${where}`]);
  }
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function assertHostModel(value: unknown, fileName: string): asserts value is HostModel {
  if (!isObject(value) || !Object.hasOwn(value, 'schema')) {
    throw failure('HOST_MODEL', `${fileName} is not a vmattach host model: no "schema": "${HOST_MODEL_SCHEMA_NAME}"`, {
      subject: fileName,
      fixes: ['vmattach record > host.json'],
    });
  }
  if (value['schema'] !== HOST_MODEL_SCHEMA_NAME) {
    throw refuse(fileName, [`schema: expected "${HOST_MODEL_SCHEMA_NAME}", found ${describeValue(value['schema'])}`]);
  }
  const problems = shapeProblems(value, PROBLEM_LIMIT);
  if (problems.length > 0) throw refuse(fileName, problems);
}

/**
 * Reads a host model from its JSON text.
 * @param fileName stands for the text in messages
 * @throws VmattachError HOST_MODEL with up to five problems: what was expected where, and what was found
 */
export const parseHostModel = (text: string, fileName: string): HostModel => {
  if (Buffer.byteLength(text) > HOST_MODEL_SIZE_LIMIT) throw tooLarge(fileName);
  const model = parseJson(text.startsWith('\uFEFF') ? text.slice(1) : text, fileName);
  assertHostModel(model, fileName);
  const problems = consistencyProblems(model, PROBLEM_LIMIT);
  if (problems.length > 0) throw refuse(fileName, problems);
  return model;
};

/**
 * Reads the host model in a file or pipe.
 * @throws VmattachError FILE when it cannot be read, HOST_MODEL as `parseHostModel`
 */
export const readHostModelFile = (path: string): HostModel => {
  let text: string | undefined;
  try {
    text = readBounded(path, HOST_MODEL_SIZE_LIMIT);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw failure('FILE', `cannot read host model ${path}`, { subject: path, cause: error.message }, { cause: error });
  }
  if (text === undefined) throw tooLarge(path);
  return parseHostModel(text, path);
};
