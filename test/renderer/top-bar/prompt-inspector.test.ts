import { expect, test } from 'vitest';
import {
  createPromptInspector,
  describeNotices,
  inspectionKey,
} from '../../../renderer/views/top-bar/prompt-inspector.ts';
import { fakeWorkbench } from '../fake-workbench.ts';

test('each prompt of a model is asked about once', async () => {
  const workbench = fakeWorkbench({
    'models.inspectPrompt': ({ prompt }) => ({
      ignoredWords: prompt.split(' ').filter((w) => w === 'zebra'),
      reads: [],
    }),
  });
  const inspector = createPromptInspector(workbench);
  await inspector.getState().inspect(null, ['a zebra', '', 'a cube']);
  await inspector.getState().inspect(null, ['a zebra', 'a cone']);
  await inspector.getState().inspect('other', ['a zebra']);
  expect(workbench.asked.map(({ params }) => params)).toEqual([
    { model: null, prompt: 'a zebra' },
    { model: null, prompt: 'a cube' },
    { model: null, prompt: 'a cone' },
    { model: 'other', prompt: 'a zebra' },
  ]);
  expect(inspector.getState().notices[inspectionKey(null, 'a zebra')]?.ignoredWords).toEqual(['zebra']);
});

test('a prompt whose answer did not come is asked about again', async () => {
  let lost = true;
  const workbench = fakeWorkbench({
    'models.inspectPrompt': () => {
      if (lost) throw new Error('the host went away');
      return { ignoredWords: ['yak'], reads: [] };
    },
  });
  const inspector = createPromptInspector(workbench);
  await inspector.getState().inspect(null, ['a cube']);
  expect(inspector.getState().notices).toEqual({});
  lost = false;
  await inspector.getState().inspect(null, ['a cube']);
  expect(inspector.getState().notices[inspectionKey(null, 'a cube')]?.ignoredWords).toEqual(['yak']);
});

test('notices are sentences', () => {
  const clip = { encoder: 'CLIP', readTokens: 75, promptTokens: 75 };
  const t5 = { encoder: 'T5', readTokens: 90, promptTokens: 90 };
  expect(describeNotices({ ignoredWords: [], reads: [] })).toBeNull();
  expect(describeNotices({ ignoredWords: [], reads: [clip, t5] })).toBeNull();
  expect(describeNotices({ ignoredWords: ['zebra', 'yak'], reads: [{ ...clip, promptTokens: 91 }, t5] })).toBe(
    'The model does not know “zebra”, “yak”: no effect. Too long: CLIP reads the first 75 of its 91 tokens, T5 reads all of it.',
  );
});
