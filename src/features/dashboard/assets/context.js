// Made by npm run generate from page/context.ts.
export {};
