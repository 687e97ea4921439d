import type { Route } from './route.ts';

export type RouteMatch =
  | { readonly kind: 'found'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'wrong-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'not-found' };

/** Finds routes by path and method. */
export interface Router {
  match(method: string, path: string): RouteMatch;
}

export function createRouter(routes: readonly Route[]): Router {
  const compiled = routes.map((candidate) => ({ route: candidate, match: compilePath(candidate.path) }));
  return {
    match(method, path) {
      const ofPath = compiled.flatMap(({ route: candidate, match }) => {
        const params = match(path);
        return params === undefined ? [] : [{ route: candidate, params }];
      });
      if (ofPath.length === 0) return { kind: 'not-found' };
      const found = ofPath.find((candidate) => candidate.route.method === method);
      return found === undefined
        ? { kind: 'wrong-method', allowed: ofPath.map((candidate) => candidate.route.method) }
        : { kind: 'found', ...found };
    },
  };
}

/** Makes a matcher of `/cameras/:cameraId/segments/:segmentId.mp4`; a parameter has no slash. */
export function compilePath(pattern: string): (path: string) => Record<string, string> | undefined {
  const source = pattern.replaceAll('.', String.raw`\.`).replaceAll(/:(\w+)/g, '(?<$1>[^/]+)');
  const expression = new RegExp(`^${source}$`);
  return (path) => {
    const match = expression.exec(path);
    return match === null ? undefined : { ...match.groups };
  };
}
