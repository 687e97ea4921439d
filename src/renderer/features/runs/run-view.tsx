import { Button, Progress } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Run, RunLogLine, StepState } from '../../../shared/contract/index.ts';
import { useDesk } from '../../api/index.ts';
import {
  FailureNotice,
  StateBadge,
  StateIcon,
  formatDuration,
  formatPercent,
  formatTime,
  useAction,
} from '../../ui/index.ts';
import type { Tone } from '../../ui/index.ts';
import { cancelRun, resumeRun } from './store.ts';
import './run-view.css';

const stepTones: Readonly<Record<StepState['kind'], Tone>> = {
  waiting: 'idle',
  running: 'busy',
  skipped: 'ok',
  done: 'ok',
  failed: 'bad',
  undoing: 'busy',
  undone: 'idle',
};

const runTones: Readonly<Record<Run['state']['kind'], Tone>> = {
  running: 'busy',
  cancelling: 'busy',
  succeeded: 'ok',
  failed: 'bad',
  cancelled: 'idle',
  interrupted: 'warning',
};

export interface RunViewProps {
  readonly run: Run;
  /** Starts a new run of the same kind, offered after a failure or a cancellation. */
  readonly onStartAgain: () => void;
}

/** One run as it goes: what it does, how far, what it says, and the way on. */
export function RunView({ run, onStartAgain }: RunViewProps) {
  const { t } = useTranslation();
  const desk = useDesk();
  const cancel = useAction(async () => cancelRun(desk, run.id));
  const resume = useAction(async () => resumeRun(desk, run.id));
  const { state } = run;
  return (
    <div className="run-view">
      <div className="run-view__bar">
        <StateBadge tone={runTones[state.kind]} label={t(`run.${state.kind}`)} />
        <span className="dim numeric">{t('run.startedAt', { time: formatTime(run.startedUtcMs) })}</span>
        <span className="run-view__buttons">
          {(state.kind === 'running' || state.kind === 'cancelling') && (
            <Button
              size="xs"
              variant="default"
              onClick={cancel.run}
              loading={cancel.state.kind === 'working'}
              disabled={state.kind === 'cancelling'}
            >
              {t('run.cancel')}
            </Button>
          )}
          {state.kind === 'interrupted' && (
            <Button size="xs" onClick={resume.run} loading={resume.state.kind === 'working'}>
              {t('run.resume')}
            </Button>
          )}
        </span>
      </div>
      {state.kind === 'failed' && (
        <FailureNotice failure={state.failure}>
          <Button size="xs" onClick={onStartAgain}>
            {t('run.startAgain')}
          </Button>
        </FailureNotice>
      )}
      {state.kind === 'cancelled' && (
        <div className="run-view__after">
          <span className="dim">{t('run.cancelledText')}</span>
          <Button size="xs" variant="default" onClick={onStartAgain}>
            {t('run.startAgain')}
          </Button>
        </div>
      )}
      {state.kind === 'interrupted' && <p className="dim run-view__text">{t('run.interruptedText')}</p>}
      {cancel.state.kind === 'failed' && <FailureNotice failure={cancel.state.failure} />}
      {resume.state.kind === 'failed' && <FailureNotice failure={resume.state.failure} />}
      <ol className="run-view__steps">
        {run.steps.map((step) => (
          <li key={step.id} className={`run-step run-step--${step.state.kind}`}>
            <StateIcon tone={stepTones[step.state.kind]} />
            <span className="run-step__title">{step.title}</span>
            <StepAside state={step.state} />
          </li>
        ))}
      </ol>
      <RunLog run={run} />
    </div>
  );
}

function StepAside({ state }: { readonly state: StepState }) {
  const { t } = useTranslation();
  switch (state.kind) {
    case 'waiting':
      return <span className="run-step__aside">{t('step.waiting')}</span>;
    case 'running':
      return (
        <span className="run-step__aside numeric">
          {state.progress === undefined ? (
            t('step.running')
          ) : (
            <>
              <Progress
                value={state.progress * 100}
                size="sm"
                w={110}
                transitionDuration={150}
                aria-label={t('step.progress')}
              />
              <span className="run-step__percent">{formatPercent(state.progress)}</span>
            </>
          )}
        </span>
      );
    case 'skipped':
      return <span className="run-step__aside">{t('step.skipped')}</span>;
    case 'done':
    case 'failed':
      return (
        <span className="run-step__aside numeric">
          {t(`step.${state.kind}`, { duration: formatDuration(state.finishedUtcMs - state.startedUtcMs) })}
        </span>
      );
    case 'undoing':
    case 'undone':
      return <span className="run-step__aside">{t(`step.${state.kind}`)}</span>;
  }
}

/** Lines have no identity, and the oldest leave as new ones come: equal lines are told apart by their count. */
function withKeys(
  log: readonly RunLogLine[],
): readonly { readonly key: string; readonly line: RunLogLine }[] {
  const seen = new Map<string, number>();
  return log.map((line) => {
    const text = `${line.atUtcMs} ${line.step} ${line.text}`;
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    return { key: `${text} ${count}`, line };
  });
}

/** Follows its end until the person scrolls up. */
function RunLog({ run }: { readonly run: Run }) {
  const { t } = useTranslation();
  const log = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  useEffect(() => {
    const element = log.current;
    if (element !== null && following.current) element.scrollTop = element.scrollHeight;
  });
  return (
    <div
      className="run-log mono"
      ref={log}
      role="log"
      aria-label={t('run.log')}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
      tabIndex={0}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        following.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      {run.log.length === 0 && <div className="dim">{t('run.logEmpty')}</div>}
      {withKeys(run.log).map(({ key, line }) => (
        <div key={key} className={`run-log__line run-log__line--${line.level}`}>
          <span className="run-log__time">{formatTime(line.atUtcMs)}</span>
          {line.level !== 'info' && <span className="run-log__level">{t(`logLevel.${line.level}`)}</span>}
          <span>{line.text}</span>
        </div>
      ))}
    </div>
  );
}
