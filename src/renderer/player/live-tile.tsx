import { Loader } from '@mantine/core';
import { IconAlertTriangleFilled, IconPlayerPauseFilled } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StreamName } from '../../shared/engine-api/camera.ts';
import { formatAge, formatBitrate, formatFramesPerSecond } from '../ui/index.ts';
import { browserClock } from './browser-clock.ts';
import { openFlvPlayer } from './flv-player.ts';
import type { HandshakeQueue } from './handshake-queue.ts';
import { problemWords } from './problem-words.ts';
import type { ProblemWords } from './problem-words.ts';
import { startTileSession } from './tile-session.ts';
import type { LiveTicket, TileState, TileStatistics } from './tile-session.ts';
import { useOnScreen } from './use-on-screen.ts';
import './live-tile.css';

export interface LiveChoice {
  readonly cameraId: string;
  readonly stream: StreamName;
  /** Convert the camera's sound, which pages cannot play as it is. */
  readonly sound?: 'aac' | undefined;
}

export type OpenLive = (choice: LiveChoice) => Promise<LiveTicket>;

export interface LiveTileProps extends LiveChoice {
  readonly name: string;
  readonly queue: HandshakeQueue;
  readonly openLive: OpenLive;
  readonly showStatistics: boolean;
  readonly isMuted: boolean;
  /** Why the sound that was asked for does not come; undefined when it does. Must not change between renderings. */
  readonly onSilence: (detail: string | undefined) => void;
  /** Why there is no picture, when the site knows; stands for what the player sees of it. */
  readonly explanation: string | undefined;
}

/** One camera's picture, with words on it whenever it is not live, and nothing on it when it is. */
export function LiveTile(props: LiveTileProps) {
  const { cameraId, name, stream, sound, queue, openLive, showStatistics, isMuted, explanation, onSilence } =
    props;
  const tile = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const isOnScreen = useOnScreen(tile);
  const [state, setState] = useState<TileState>({ kind: 'opening' });
  const [statistics, setStatistics] = useState<TileStatistics>();
  const [soundObstacle, setSoundObstacle] = useState<string>();

  useEffect(() => {
    const element = video.current;
    if (element === null || !isOnScreen) return undefined;
    setStatistics(undefined);
    const session = startTileSession({
      video: element,
      clock: browserClock,
      queue,
      mediaOrigin: globalThis.location.origin.replace(/^http/, 'ws'),
      openLive: async () => {
        onSilence(undefined);
        const ticket = await openLive({ cameraId, stream, sound });
        setSoundObstacle(ticket.kind === 'ok' ? ticket.value.soundObstacle : undefined);
        return ticket;
      },
      openPlayer: async (live) => openFlvPlayer(element, live),
      onState: setState,
      onStatistics: setStatistics,
      onSoundObstacle: (detail) => {
        // Without asking, the stream comes without a sound that would have to be converted.
        if (sound !== undefined) onSilence(detail);
      },
    });
    return () => {
      session.stop();
      setState({ kind: 'opening' });
    };
  }, [cameraId, stream, sound, isOnScreen, openLive, queue, onSilence]);

  return (
    <div className={`live-tile live-tile--${state.kind}`} ref={tile} data-tile-state={state.kind}>
      {/* oxlint-disable-next-line jsx-a11y/media-has-caption -- live sound of a place, of which nobody has a text */}
      <video ref={video} data-camera-id={cameraId} muted={isMuted} autoPlay playsInline aria-label={name} />
      <TileMessage state={state} explanation={explanation} />
      {showStatistics && state.kind === 'playing' && statistics !== undefined && (
        <Statistics statistics={statistics} stream={stream} soundObstacle={soundObstacle} />
      )}
    </div>
  );
}

interface TileMessageProps {
  readonly state: TileState;
  readonly explanation: string | undefined;
}

function TileMessage({ state, explanation }: TileMessageProps) {
  const { t } = useTranslation();
  switch (state.kind) {
    case 'playing':
      return null;
    case 'opening':
      return explanation !== undefined ? (
        <output className="live-tile__message">
          <IconAlertTriangleFilled size={20} aria-hidden className="live-tile__warning" />
          <span>{explanation}</span>
        </output>
      ) : (
        <output className="live-tile__message">
          <Loader size="xs" color="gray.4" aria-hidden />
          <span>{t('tile.opening')}</span>
        </output>
      );
    case 'stalled':
      return <Freeze lastFrameMs={state.lastFrameMs} />;
    case 'failed':
      return (
        <Problem
          words={explanation === undefined ? problemWords(t, state.problem) : { message: explanation }}
          retryAtMs={state.retryAtMs}
        />
      );
  }
}

/** The present time of the monotonic clock, once a second. */
function useTick(): number {
  const [nowMs, setNowMs] = useState(() => browserClock.monotonicMs());
  useEffect(() => {
    const ticking = browserClock.every(1000, () => {
      setNowMs(browserClock.monotonicMs());
    });
    return () => {
      ticking[Symbol.dispose]();
    };
  }, []);
  return nowMs;
}

function Freeze({ lastFrameMs }: { readonly lastFrameMs: number }) {
  const { t } = useTranslation();
  const nowMs = useTick();
  return (
    <output className="live-tile__freeze numeric">
      <IconPlayerPauseFilled size={14} aria-hidden />
      {t('tile.frozen', { age: formatAge(nowMs - lastFrameMs) })}
    </output>
  );
}

function Problem({ words, retryAtMs }: { readonly words: ProblemWords; readonly retryAtMs: number }) {
  const { t } = useTranslation();
  const nowMs = useTick();
  const { message, remedy } = words;
  return (
    <output className="live-tile__message">
      <IconAlertTriangleFilled size={20} aria-hidden className="live-tile__warning" />
      <span>{message}</span>
      {remedy !== undefined && <span className="live-tile__remedy">{remedy}</span>}
      <span className="live-tile__remedy numeric">
        {t('tile.retry', {
          delay: Math.max(0, Math.ceil((retryAtMs - nowMs) / 1000)),
        })}
      </span>
    </output>
  );
}

interface StatisticsProps {
  readonly statistics: TileStatistics;
  readonly stream: StreamName;
  readonly soundObstacle: string | undefined;
}

function Statistics({ statistics, stream, soundObstacle }: StatisticsProps) {
  const { t } = useTranslation();
  return (
    <dl className="live-tile__statistics numeric">
      <dt>{t('tile.stream')}</dt>
      <dd>
        {t(`stream.${stream}`)} {statistics.width} × {statistics.height}
      </dd>
      <dt>{t('tile.rate')}</dt>
      <dd>
        {formatFramesPerSecond(statistics.framesPerSecond)} · {formatBitrate(statistics.bitrateBps)}
      </dd>
      <dt>{t('tile.buffer')}</dt>
      <dd>{t('tile.milliseconds', { value: Math.round(statistics.bufferedMs) })}</dd>
      <dt>{t('tile.dropped')}</dt>
      <dd>{statistics.droppedFrames}</dd>
      {soundObstacle !== undefined && (
        <>
          <dt>{t('tile.sound')}</dt>
          <dd className="live-tile__sentence">{soundObstacle}</dd>
        </>
      )}
    </dl>
  );
}
