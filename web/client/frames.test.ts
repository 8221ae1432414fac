// `frames.ts` says of every frame what `docs/asyncapi.yaml` says, member by member.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import ts from 'typescript';
import { parse } from 'yaml';

interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: string;
  enum?: string[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
}

const folder = import.meta.dirname;
const document = parse(readFileSync(`${folder}/../../docs/asyncapi.yaml`, 'utf8'));
const messages: Record<string, { payload: Schema }> = document.components.messages;
const program = ts.createProgram([`${folder}/frames.ts`], { strict: true, target: ts.ScriptTarget.ES2022, types: [] });
const checker = program.getTypeChecker();
const source = program.getSourceFile(`${folder}/frames.ts`)!;

function exported(name: string): ts.Type {
  const symbol = checker.getExportsOfModule(checker.getSymbolAtLocation(source)!).find((s) => s.name === name);
  assert.ok(symbol, `frames.ts exports ${name}`);
  return checker.getDeclaredTypeOfSymbol(symbol);
}

const parts = (type: ts.Type): ts.Type[] => (type.isUnion() ? type.types : [type]);
const is = (type: ts.Type, flag: ts.TypeFlags) => (type.flags & flag) !== 0;
const text = (type: ts.Type) => checker.typeToString(type);

function resolved(schema: Schema): Schema {
  return schema.$ref ? schema.$ref.split('/').slice(1).reduce((at, key) => at[key], document) : schema;
}

/** What the document says of one value, as a list of alternatives without `null`, and whether it may be `null`. */
function alternatives(schema: Schema): [Schema[], boolean] {
  const one = resolved(schema);
  if (one.oneOf) {
    const all = one.oneOf.map(resolved);
    return [all.filter((s) => s.type !== 'null'), all.some((s) => s.type === 'null')];
  }
  if (one.type === 'null') return [[], true];
  if (!Array.isArray(one.type)) return [[one], false];
  return [one.type.filter((t) => t !== 'null').map((type) => ({ ...one, type })), one.type.includes('null')];
}

/** Members that may be there in one and not in the other. */
const LOOSE = [
  // Earlier engines do not say it.
  'hello.reconnect',
];

function compare(place: string, schema: Schema, type: ts.Type): void {
  const [wanted, nullable] = alternatives(schema);
  const given = parts(type).filter((t) => !is(t, ts.TypeFlags.Null | ts.TypeFlags.Undefined));
  assert.equal(parts(type).some((t) => is(t, ts.TypeFlags.Null)), nullable, `${place}: null or not`);
  if (wanted.length === 0) return assert.equal(given.length, 0, `${place}: only null`);
  assert.equal(wanted.length, 1, `${place}: one alternative beside null`);
  const one = wanted[0]!;
  const values = one.enum ?? (one.const === undefined ? undefined : [one.const]);
  if (values) return assert.deepEqual(given.map((t) => t.isStringLiteral() && t.value).sort(), [...values].sort(), place);
  const first = given[0]!;
  switch (one.type) {
    case 'object':
      assert.equal(given.length, 1, place);
      return compareMembers(place, one, first);
    case 'array':
      assert.ok(given.length === 1 && checker.isArrayType(first), `${place}: ${text(type)} is no array`);
      return compare(`${place}[]`, one.items!, checker.getTypeArguments(first as ts.TypeReference)[0]!);
    case 'integer':
    case 'number':
      return assert.ok(given.every((t) => is(t, ts.TypeFlags.NumberLike)), `${place}: ${text(type)} is no number`);
    case 'boolean':
      return assert.ok(given.every((t) => is(t, ts.TypeFlags.BooleanLike)), `${place}: ${text(type)} is no boolean`);
    default:
      // A type may know the words of a string better than the document.
      assert.equal(one.type, 'string', place);
      return assert.ok(given.every((t) => is(t, ts.TypeFlags.StringLike)), `${place}: ${text(type)} is no string`);
  }
}

function compareMembers(place: string, schema: Schema, type: ts.Type): void {
  if (typeof schema.additionalProperties === 'object') {
    for (const member of values(type)) compare(`${place}.*`, schema.additionalProperties, member);
    return;
  }
  const required = schema.required ?? [];
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const at = `${place}.${name}`;
    const property = type.getProperty(name);
    assert.ok(property, `${at} is in the document and not in frames.ts`);
    const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
    if (!LOOSE.includes(at)) assert.equal(optional, !required.includes(name), `${at}: required in both or in neither`);
    compare(at, member, checker.getTypeOfSymbol(property));
  }
  for (const property of type.getProperties()) {
    const at = `${place}.${property.name}`;
    const told = schema.properties?.[property.name] !== undefined || LOOSE.includes(at);
    // A post is described by a schema of its own, and only in part here.
    const post = schema === document.components.schemas.post && (property.flags & ts.SymbolFlags.Optional) !== 0;
    assert.ok(told || post, `${at} is in frames.ts and not in the document`);
  }
}

/** The types of the values of a map, with an index or with names. */
function values(type: ts.Type): ts.Type[] {
  const index = type.getStringIndexType();
  return index ? [index] : type.getProperties().map((p) => checker.getTypeOfSymbol(p));
}

/** The interface whose `type` is `name`. */
function frame(name: string): ts.Type {
  const found = [...parts(exported('Frame')), exported('Subscribe')].find((t) => {
    const tag = checker.getTypeOfSymbol(t.getProperty('type')!);
    return tag.isStringLiteral() && tag.value === name;
  });
  assert.ok(found, `frames.ts has no ${name}`);
  return found;
}

test('the stream sends the frames of the document and no others', () => {
  const heard: string[] = document.operations.hear.messages.map((m: Schema) => m.$ref!.split('/').at(-1));
  assert.equal(heard.length, 10);
  assert.deepEqual(parts(exported('Frame')).map((t) => text(checker.getTypeOfSymbol(t.getProperty('type')!))).sort(), heard.map((n) => `"${n}"`).sort());
});

for (const [name, { payload }] of Object.entries(messages)) {
  test(`${name} has the members of the document`, () => compare(name, payload, frame(name)));
}

test('the document is read as it was meant', () => {
  // A comma in a description without quotes makes a member of what follows it, without a value.
  const walk = (value: unknown, place: string): void => {
    assert.notEqual(value, null, place);
    if (typeof value === 'object') for (const [key, member] of Object.entries(value!)) walk(member, `${place}/${key}`);
  };
  walk(document, '');
});

test('a difference is found', () => {
  const { properties = {}, required = [] } = messages.status!.payload;
  const changes: Schema[] = [
    { properties: { ...properties, more: { type: 'string' } }, required },
    { properties: { ...properties, seq: { type: 'string' } }, required },
    { properties: { ...properties, seq: { type: ['integer', 'null'] } }, required },
    { properties: { ...properties, type: { const: 'beat' } }, required },
    { properties: Object.fromEntries(Object.entries(properties).slice(1)), required },
    { properties, required: required.slice(1) },
    { properties: { ...properties, sources: { type: 'array', items: { type: 'object', properties: {} } } }, required },
  ];
  for (const changed of changes) {
    assert.throws(() => compare('status', { type: 'object', ...changed }, frame('status')), assert.AssertionError, JSON.stringify(changed));
  }
});
