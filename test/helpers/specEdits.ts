// Random edits of specs: fragments that matter to YAML readers put in, taken out or moved in.
import fc from 'fast-check';

const PLAIN = `# head
name: demo

x-slurm:
  nodes: 2 # two
  time: "01:00:00"
services:
  # first
  app:
    image: redis:7
    command: |
      echo a

      echo b
    environment:
      A: "1"
      B: 'x'

  db:
    image: >-
      postgres
      :16
    volumes: [/a:/a, "/b:/b"]
# between
  web:
    image: {x: 1}
    depends_on:
    - db
runtime:
  backend: pyxis
`;
const LAST = `---
steps: # all
    one:
        image: a
        script: |+
            x


    two:
        image: "b
          c"
        command: d
          e
        env:
`;
const LINKED = `x-slurm: &x {nodes: 1}
services:
  a: &a
    image: x
  b: *a
`;
const SEEDS = [PLAIN, LAST, PLAIN.replaceAll('\n', '\r\n'), LINKED, PLAIN.replace(/runtime[^]*/, '')];
const FRAGMENTS = [
  '"', "'", '[', ']', '{', '}', ',', ':', ': ', '- ', '-', '&a', '*a', '&a ', '*a ', '!x ', '!!str ', '\n', '\n\n', '\n  ', '\n    ',
  ' ', '  ', '    ', '#', ' # c', '\n# c\n', '\n#c\n', '\n  # c\n', 'k: v', 'k:', 'app:\n', '\n  app:\n', '\nservices:\n', '\nname: y\n', '\n  new:\n    image: z\n',
  '|\n', '|+\n', '>-\n', '|2\n', '\t', '\r', '\r\n', '---\n', '...\n', '\n---\n', '\n...\n', '%YAML 1.2\n', '? ', '\n? ', '<<: ', '\ufeff', '\0', '\u2028', '\n- a', '\n]', '\n}', 'zz-next:\n', '\n  zz-next:\n',
  '\n"q":\n', '\n  "q": 1\n', '\n1: 2\n', 'plain', '\nplain\n', '\n  plain\n', '~', 'null', 'é', '\ud800',
]; // prettier-ignore

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  /** The start of a line more often than not. */
  atLine: fc.boolean(),
  remove: fc.oneof(fc.constant(0), fc.nat(6), fc.nat(40)),
  insert: fc.oneof(fc.constant(''), fc.constantFrom(...FRAGMENTS)),
});

/** The states of a spec under a run of edits. */
export const editedSpecs = fc
  .tuple(fc.constantFrom(...SEEDS), fc.array(edit, { minLength: 1, maxLength: 8 }))
  .map(([seed, edits]) =>
    edits.reduce<string[]>(
      (states, { at, atLine, remove, insert }) => {
        const text = states.at(-1) ?? '';
        const place = Math.floor(at * text.length);
        const start = atLine ? text.lastIndexOf('\n', place) + 1 : place;
        return [...states, text.slice(0, start) + insert + text.slice(start + remove)];
      },
      [seed],
    ),
  );
