// Specs are left to us by Red Hat's YAML extension; everything else, and what people set themselves, stays as it is.
import assert from 'node:assert/strict';
import { PERMISSIVE_SCHEMA, PERMISSIVE_TEXT, schemaFor } from '../../client/src/coexistence.ts';

const document = { isSpec: true, isWanted: true, userSchemas: {}, fits: () => false };

describe('beside another YAML extension', () => {
  it('specs get a schema that allows everything', () => {
    assert.equal(schemaFor(document), PERMISSIVE_SCHEMA);
    const schema = JSON.parse(PERMISSIVE_TEXT) as object;
    assert.deepEqual(Object.keys(schema).sort(), ['$schema', 'description']);
  });

  it('other YAML, and specs where it is switched off, are none of our business', () => {
    assert.equal(schemaFor({ ...document, isSpec: false }), undefined);
    assert.equal(schemaFor({ ...document, isWanted: false }), undefined);
  });

  it('a schema that the user chose wins, whatever form the pattern has', () => {
    const asked: string[] = [];
    const fits = (pattern: string) => {
      asked.push(pattern);
      return pattern === '**/jobs/*.yaml';
    };
    const userSchemas = { 'https://example.org/a.json': 'other.yaml', './b.json': ['/jobs/*.yaml', 7] };
    assert.equal(schemaFor({ ...document, userSchemas, fits }), undefined);
    assert.deepEqual(asked, ['**/other.yaml', '**/jobs/*.yaml']);
    assert.equal(schemaFor({ ...document, userSchemas: { x: 'other.yaml' }, fits }), PERMISSIVE_SCHEMA);
  });
});
