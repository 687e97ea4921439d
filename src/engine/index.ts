import { runCommand } from './cli/command.ts';
import { sizeThreadPool } from './cli/thread-pool.ts';

sizeThreadPool(process.env);
process.exitCode = await runCommand(process.argv.slice(2));
