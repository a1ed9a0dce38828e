/**
 * A screen with a window manager. Headless browsers and Playwright make every page believe that it has the
 * focus; the exit rule turns on who really has it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** @returns {Promise<{ display: string, stop: () => void }>} */
export async function startDesktop() {
  const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1440x1000x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const [number] = await Promise.race([
    once(screen.stdio[3], 'data'),
    once(screen, 'exit').then(() => Promise.reject(new Error('Xvfb did not start'))),
  ]);
  const display = `:${String(number).trim()}`;
  const manager = spawn('openbox', [], { env: { ...process.env, DISPLAY: display }, stdio: 'ignore' });
  // openbox says nowhere that it is ready; a browser takes longer to start than it does.
  await sleep(300);
  return {
    display,
    stop: () => {
      manager.kill();
      screen.kill();
    },
  };
}
