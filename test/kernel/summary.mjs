/**
 * Adds up what the guests reported: a line for each profile, then the total.
 * Usage: node summary.mjs RESULTS PROFILE...; exit status 1 if a test failed, a profile has no report, or nothing ran.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [results, ...profiles] = process.argv.slice(2);

const countsOf = (profile) => {
  const file = join(results, profile, 'tests.json');
  if (!existsSync(file)) return undefined;
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
  // A file that cannot be loaded has no tests, so it would not show among the failed ones.
  return { passed: numPassedTests, failed: Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0), skipped: numPendingTests };
};

const line = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

const total = { passed: 0, failed: 0, skipped: 0 };
for (const profile of profiles) {
  const counts = countsOf(profile) ?? { passed: 0, failed: 1, skipped: 0 };
  for (const key of Object.keys(total)) total[key] += counts[key];
  process.stdout.write(`${profile}: ${countsOf(profile) === undefined ? 'no report, counted as 1 failed' : line(counts)}\n`);
}
process.stdout.write(`${line(total)}\n`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
