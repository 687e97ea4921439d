/**
 * The headers of every answer. The page may load only what the desk serves and talk only to the desk. Styles may be inline
 * because the component library sets its variables in a style element; scripts may not. Media Source Extensions play from
 * blob: addresses, thumbnails are data: addresses.
 */
export function securityHeaders(authority: string): Readonly<Record<string, string>> {
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data: blob:",
      "font-src 'self'",
      'media-src blob:',
      "worker-src 'self' blob:",
      `connect-src 'self' ws://${authority}`,
      "manifest-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
}
