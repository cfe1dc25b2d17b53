// Ids of jobs to wait for: a number, or a number of an array job with its task. Spec contract, section 6.3.
import { parsed, problemAt, problemOf, type Parsed } from './parsed.ts';
import { blankAt, digitsOf } from './text.ts';

export function parseJobId(text: string): Parsed<{ readonly job: string; readonly task?: string }> {
  if (text === '') return problemOf('it is empty');
  const blank = blankAt(text);
  if (blank >= 0) return problemAt('no spaces are allowed', blank, blank + 1);
  const [job = '', task, ...more] = text.split('_');
  const number = digitsOf(job);
  if (more.length > 0 || number === undefined || (task !== undefined && digitsOf(task) === undefined))
    return problemOf('write 12345, or 12345_7 for one task of an array');
  if (!number) return problemAt('job ids start at 1', 0, job.length);
  return parsed({ job, ...(task === undefined ? {} : { task }) });
}
