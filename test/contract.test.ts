/** openapi.yaml and the program say the same: one handler for each operation, and the same error codes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import ts from 'typescript';
import { operationsOf, readDocument } from '../src/contract/document.ts';
import { patternWordsOf } from '../src/http/pattern-words.ts';
import { codesByStatus, strictDocument } from './contract/strict-document.ts';
import { production, walk } from './support/sources.ts';

const shippedSources = production.filter((file) => !file.endsWith('.gen.ts'));

describe('the contract', () => {
  const document = readDocument();

  it('has exactly one handler for each operation, and none without an operation', () => {
    const handled: string[] = [];
    for (const file of production) {
      walk(file, (node) => {
        if (!ts.isSatisfiesExpression(node) || !/^Handlers\b/.test(node.type.getText())) return;
        const handlers = ts.isParenthesizedExpression(node.expression) ? node.expression.expression : node.expression;
        assert.ok(ts.isObjectLiteralExpression(handlers), `${file}: handlers are one object`);
        handled.push(...handlers.properties.map((property) => property.name?.getText() ?? property.getText()));
      });
    }
    assert.deepEqual(
      handled.sort(),
      operationsOf(document)
        .map(({ operationId }) => operationId)
        .sort(),
    );
  });

  it('has no address that is written out where one with a parameter would be looked for, but for these', () => {
    const paths = Object.keys(document.paths);
    const covers = (wide: string, narrow: string): boolean => {
      const [parts, others] = [wide.split('/'), narrow.split('/')];
      return parts.length === others.length && parts.every((part, at) => part === others[at] || part.startsWith('{'));
    };
    const hidden = paths.flatMap((wide) =>
      paths.filter((narrow) => narrow !== wide && covers(wide, narrow)).map((narrow) => `${narrow} in ${wide}`),
    );
    // No id of an operation is such a word, `action` is one of a list that lacks these, and support refuses this one.
    const harmless = (line: string): boolean =>
      line === '/v1/operations/events in /v1/operations/{operation_id}' ||
      line === '/v1/support/verify in /v1/support/{service_id}' ||
      /^\/action\/\w+ in \/action\/\{action\}$/.test(line);
    assert.ok(hidden.length > 2);
    assert.deepEqual(
      hidden.filter((line) => !harmless(line)),
      [],
    );
  });

  it('has words for what each pattern asks for', () => {
    const patterns = new Set<string>();
    JSON.stringify(document, (name, value) => {
      if (name === 'pattern' && typeof value === 'string') patterns.add(value);
      return value;
    });
    assert.ok(patterns.size > 8);
    assert.deepEqual([...patternWordsOf(document).keys()].sort(), [...patterns].sort());
  });

  const enumOf = (name: string): string[] => (document.components as never as Schemas).schemas[name]?.enum ?? [];

  it('names every error code that the program uses, and no other', () => {
    const used = new Set(shippedSources.flatMap(errorCodesOf));
    assert.deepEqual([...used].sort(), enumOf('ErrorCode').sort());
  });

  it('says of every error code which status it comes with, and of every operation which it may answer', () => {
    const codes = [...codesByStatus(document).values()].flat();
    assert.deepEqual([...new Set(codes)].sort(), enumOf('ErrorCode').sort());
    const strict = strictDocument(document);
    for (const { operationId, path, method, secured } of operationsOf(strict)) {
      const { responses } = strict.paths[path]?.[method] as { responses: Record<string, unknown> };
      assert.ok(!Object.hasOwn(responses, 'default'), operationId);
      assert.equal(Object.hasOwn(responses, '401'), secured, operationId);
      assert.ok(!Object.hasOwn(responses, '500'), operationId);
    }
  });

  it('names every code that the program compares with', () => {
    const known = [...enumOf('ErrorCode'), ...enumOf('OperationErrorCode')];
    const wrong: string[] = [];
    for (const file of shippedSources) {
      walk(file, (node) => {
        if (!ts.isBinaryExpression(node) || !/^[!=]==$/.test(node.operatorToken.getText())) return;
        // Node's and the databases' codes are in capitals.
        if (!/\.code$/.test(node.left.getText()) || !ts.isStringLiteral(node.right)) return;
        if (/^[A-Z0-9_]+$/.test(node.right.text)) return;
        // What is wrong with a variable is told by the library that checks them.
        if (node.left.getText() === 'issue.code') return;
        if (!known.includes(node.right.text)) wrong.push(`${file}: ${node.getText()}`);
      });
    }
    assert.deepEqual(wrong, []);
  });
});

interface Schemas {
  schemas: Record<string, { enum?: string[] }>;
}

/** The codes of the errors that a file makes. Throws for one that cannot be told by reading. */
function errorCodesOf(file: string): string[] {
  const codes: string[] = [];
  walk(file, (node) => {
    if (ts.isNewExpression(node) && /^(App|Http)Error$/.test(node.expression.getText())) {
      codes.push(...literalsOf(node.arguments?.[1], file));
    }
    // The table of what the parsers and the validator throw.
    const isProblem = file === 'src/http/errors.ts' && ts.isPropertyAssignment(node) && node.name.getText() === 'code';
    if (isProblem && ts.isStringLiteral(node.initializer)) codes.push(node.initializer.text);
  });
  return codes;
}

/** The texts that an expression can be: a literal, a choice of two, or a parameter as the callers in this file give it. */
function literalsOf(node: ts.Expression | undefined, file: string): string[] {
  if (node && ts.isStringLiteral(node)) return [node.text];
  if (node && ts.isConditionalExpression(node)) {
    return [...literalsOf(node.whenTrue, file), ...literalsOf(node.whenFalse, file)];
  }
  // An error made of another has a code that was seen where that one was made.
  if (node?.getText() === 'error.code') return [];
  const taker = node && ts.isIdentifier(node) ? ts.findAncestor(node, ts.isArrowFunction) : undefined;
  const at = taker?.parameters.findIndex(({ name }) => name.getText() === node?.getText()) ?? -1;
  const name = taker && ts.isVariableDeclaration(taker.parent) ? taker.parent.name.getText() : null;
  const found: string[] = [];
  walk(file, (call) => {
    if (at >= 0 && ts.isCallExpression(call) && call.expression.getText() === name) {
      found.push(...literalsOf(call.arguments[at], file));
    }
  });
  assert.ok(found.length > 0, `${file}: the code of an error is not plain to see: ${node?.parent.getText()}`);
  return found;
}
