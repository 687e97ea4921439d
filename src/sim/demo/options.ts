import { parseArgs } from 'node:util';
import { z } from 'zod';

export const demoUsage = `npm run demo -- [options]

  --cameras N     simulated cameras (12)
  --nodes M       simulated nodes (4)
  --seed S        names, models and keys follow from it (1)
  --empty         do not set the site up; find, add and deploy by hand
  --check         no window: wait until every camera is discovered, recording and live, print JSON, exit 0 or 1
  --data DIR      keep the app's data here (otherwise a temporary folder that is removed at the end)
  --shell KIND    web or electron
  --port N        the app's port on 127.0.0.1
  --no-open       print the link and open nothing
`;

const DemoOptions = z.object({
  cameras: z.coerce.number().int().min(1).max(200),
  nodes: z.coerce.number().int().min(1).max(20),
  seed: z.coerce.number().int().nonnegative(),
  empty: z.boolean(),
  check: z.boolean(),
  open: z.boolean(),
  data: z.string().optional(),
  shell: z.enum(['web', 'electron']).optional(),
  port: z.coerce.number().int().min(1).max(65535).optional(),
});
export type DemoOptions = z.infer<typeof DemoOptions>;

/** @throws Error with one sentence for the person who typed */
export function parseDemoOptions(argv: readonly string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      cameras: { type: 'string', default: '12' },
      nodes: { type: 'string', default: '4' },
      seed: { type: 'string', default: '1' },
      empty: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      data: { type: 'string' },
      shell: { type: 'string' },
      port: { type: 'string' },
      'no-open': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const parsed = DemoOptions.safeParse({ ...values, open: !values['no-open'] });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`--${issue?.path.join('.') ?? 'options'}: ${issue?.message ?? 'not understood'}`);
}
