/** GLSL of the clip renderer. */

const version = `#version 300 es
precision highp float;
precision highp sampler2DShadow;
`;

export const depthVertex = `${version}
layout(location = 0) in vec3 position;
uniform mat4 viewProjection;
invariant gl_Position;
void main() { gl_Position = viewProjection * vec4(position, 1.0); }`;

export const depthFragment = `${version}
void main() {}`;

export const screenVertex = `${version}
out vec2 uv;
void main() {
  uv = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0;
  gl_Position = vec4(uv * 2.0 - 1.0, 0.0, 1.0);
}`;

/** Ambient occlusion from the depth buffer (horizon of a spiral of neighbours), at half size. */
export const occlusionFragment = `${version}
in vec2 uv;
out vec4 result;
uniform sampler2D depth;
uniform mat4 inverseProjection;
uniform float focal;
uniform vec2 pixel;
vec3 viewPosition(vec2 at) {
  vec4 point = inverseProjection * vec4(vec3(at, texture(depth, at).r) * 2.0 - 1.0, 1.0);
  return point.xyz / point.w;
}
void main() {
  vec3 origin = viewPosition(uv);
  vec3 right = viewPosition(uv + vec2(pixel.x, 0.0)) - origin, left = origin - viewPosition(uv - vec2(pixel.x, 0.0));
  vec3 up = viewPosition(uv + vec2(0.0, pixel.y)) - origin, down = origin - viewPosition(uv - vec2(0.0, pixel.y));
  vec3 normal = normalize(cross(abs(right.z) < abs(left.z) ? right : left, abs(up.z) < abs(down.z) ? up : down));
  float radius = 0.7;
  float span = min(radius * focal / -origin.z, 0.25);
  float turn = 6.2832 * fract(52.9829189 * fract(dot(floor(mod(gl_FragCoord.xy, 4.0)), vec2(0.06711056, 0.00583715))));
  float sum = 0.0;
  for (int index = 0; index < 14; index += 1) {
    float share = (float(index) + 0.5) / 14.0;
    float angle = share * 6.2832 * 5.0 + turn;
    vec2 at = uv + vec2(cos(angle), sin(angle) * 16.0 / 9.0) * span * share;
    vec3 ray = viewPosition(at) - origin;
    float distance2 = dot(ray, ray);
    float fade = max(0.0, 1.0 - distance2 / (radius * radius));
    sum += fade * max(0.0, dot(ray, normal) * inversesqrt(distance2 + 1e-5) - 0.08);
  }
  result = vec4(vec3(clamp(1.0 - sum * 2.4 / 14.0, 0.0, 1.0)), 1.0);
}`;

/** A 4x4 box blur removes the pattern of the occlusion's rotations. */
export const blurFragment = `${version}
in vec2 uv;
out vec4 result;
uniform sampler2D image;
uniform vec2 pixel;
void main() {
  vec4 sum = vec4(0.0);
  for (int y = 0; y < 4; y += 1)
    for (int x = 0; x < 4; x += 1)
      sum += texture(image, uv + (vec2(x, y) - 1.5) * pixel);
  result = sum / 16.0;
}`;

export const sceneVertex = `${version}
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec3 colour;
layout(location = 3) in vec3 material;
uniform mat4 viewProjection;
uniform mat4 lightProjection;
out vec3 worldPosition;
out vec3 worldNormal;
out vec3 baseColour;
flat out vec3 surface;
out vec4 lightPosition;
invariant gl_Position;
void main() {
  worldPosition = position;
  worldNormal = normal;
  baseColour = colour;
  surface = material;
  lightPosition = lightProjection * vec4(position + normal * 0.03, 1.0);
  gl_Position = viewProjection * vec4(position, 1.0);
}`;

export const sceneFragment = `${version}
in vec3 worldPosition;
in vec3 worldNormal;
in vec3 baseColour;
flat in vec3 surface;
in vec4 lightPosition;
out vec4 result;
uniform sampler2DShadow shadowMap;
uniform sampler2D occlusion;
uniform sampler2D reflection;
uniform vec2 screenSize;
uniform vec3 eye;
uniform vec3 sunDirection;
uniform vec3 sunColour;
uniform vec3 skyColour;
uniform vec3 groundColour;
uniform vec4 fog; // colour, density per metre
uniform float shadowSoftness;
uniform bool mirrored;
uniform int lampCount;
uniform vec4 lampPosition[12]; // w: reach in metres
uniform vec3 lampColour[12];
uniform vec4 lampAim[12]; // direction, cosine of the half angle; a zero direction shines everywhere
uniform vec4 cloud; // drift x, drift z, strength, scale

float hash(vec2 p) {
  vec3 q = fract(vec3(p.xyx) * 0.1031);
  q += dot(q, q.yzx + 33.33);
  return fract((q.x + q.y) * q.z);
}
float noise(vec2 p) {
  vec2 cell = floor(p), part = fract(p);
  part = part * part * (3.0 - 2.0 * part);
  return mix(mix(hash(cell), hash(cell + vec2(1, 0)), part.x), mix(hash(cell + vec2(0, 1)), hash(cell + vec2(1, 1)), part.x), part.y);
}
float cloudShade(vec2 p) {
  float n = noise(p) * 0.6 + noise(p * 2.1 + 7.0) * 0.3 + noise(p * 4.3 + 3.0) * 0.1;
  return smoothstep(0.38, 0.66, n);
}
/** 1 on a line of the given width every period metres, faded where a pixel is wider than the line. */
float line(float at, float period, float width) {
  float blur = fwidth(at) * 0.75;
  float offset = abs(fract(at / period + 0.5) - 0.5) * period;
  return (1.0 - smoothstep(width * 0.5 - blur, width * 0.5 + blur, offset)) * min(1.0, width / max(blur, 1e-4));
}
float shadow() {
  vec3 at = lightPosition.xyz * 0.5 + 0.5;
  if (any(greaterThan(abs(lightPosition.xy), vec2(0.999)))) return 1.0;
  float sum = 0.0;
  for (int y = -1; y <= 1; y += 1)
    for (int x = -1; x <= 1; x += 1)
      sum += texture(shadowMap, vec3(at.xy + vec2(x, y) * shadowSoftness * 1.6, at.z - 0.0012));
  return sum / 9.0;
}
void main() {
  vec3 normal = normalize(worldNormal);
  vec3 towardsEye = normalize(eye - worldPosition);
  float far = length(eye - worldPosition);
  if (mirrored && worldPosition.y < 0.004) discard;
  vec3 colour = baseColour;
  float gloss = surface.y;
  float alpha = 1.0;
  int pattern = int(surface.x + 0.5);
  bool flat_ = abs(normal.y) > 0.7;
  vec2 along = flat_ ? worldPosition.xz : abs(normal.x) > abs(normal.z) ? worldPosition.zy : worldPosition.xy;
  if (pattern == 1) {
    colour *= 0.92 + 0.16 * noise(along * 0.55) * noise(along * 1.7 + 4.0) + 0.05 * noise(along * 5.0);
    colour *= 1.0 - 0.28 * max(line(along.x, 4.0, 0.025), line(along.y, 4.0, 0.025));
    gloss *= 0.75 + 0.5 * noise(along * 0.8 + 9.0);
  } else if (pattern == 2) {
    float wave = sin(along.x * 6.2832 / 0.32);
    float fade = 1.0 / (1.0 + fwidth(along.x) * 12.0);
    colour *= 1.0 + 0.16 * wave * fade;
    colour *= 1.0 - 0.2 * line(along.y, 2.4, 0.03);
  } else if (pattern == 3) {
    float seam = max(line(along.x, 0.6, 0.012), line(along.y, 0.6, 0.012));
    colour *= (0.97 + 0.05 * hash(floor(along / 0.6 + 0.5))) * (1.0 - 0.35 * seam);
    gloss *= 1.0 - 0.6 * seam;
  } else if (pattern == 4) {
    float row = floor(along.y / 0.16);
    vec2 brick = vec2(along.x / 0.48 + 0.5 * mod(row, 2.0), row);
    float seam = max(line(along.y, 0.16, 0.018), line((brick.x) * 0.48, 0.48, 0.018));
    colour *= 0.84 + 0.3 * hash(floor(brick + 0.5) + 11.0);
    colour = mix(colour, vec3(0.42, 0.40, 0.37), seam * 0.55);
  } else if (pattern == 5) {
    colour *= 0.7 + 0.42 * noise(along * 0.35) + 0.22 * noise(along * 2.3) + 0.16 * noise(along * vec2(11.0, 7.0)) * exp(-far * 0.03);
  } else if (pattern == 6) {
    colour *= 0.88 + 0.2 * noise(along * 0.4) + 0.1 * noise(along * 9.0) * exp(-far * 0.04);
  } else if (pattern == 7) {
    float plank = floor(along.x / 0.2);
    colour *= 0.84 + 0.22 * hash(vec2(plank, floor(along.y / 1.6 + hash(vec2(plank, 3.0)))));
    colour *= 0.95 + 0.1 * noise(vec2(along.x * 30.0, along.y * 2.0));
    colour *= 1.0 - 0.4 * line(along.x, 0.2, 0.008);
  } else if (pattern == 8) {
    vec2 diagonal = vec2(along.x + along.y, along.x - along.y);
    alpha = clamp(max(line(diagonal.x, 0.14, 0.014), line(diagonal.y, 0.14, 0.014)), 0.0, 1.0);
    if (alpha < 0.05) discard;
  } else if (pattern == 9) {
    colour *= 1.0 - 0.22 * max(line(along.x, 1.2, 0.02), line(along.y, 1.2, 0.02));
  }

  vec2 screen = gl_FragCoord.xy / screenSize;
  float open = mirrored ? 0.85 : texture(occlusion, screen).r;
  vec3 ambient = mix(groundColour, skyColour, normal.y * 0.5 + 0.5) * open;
  float lit = shadow() * mix(1.0, 1.0 - cloud.z, cloud.z > 0.0 ? cloudShade(worldPosition.xz * cloud.w + cloud.xy) : 0.0);
  float facing = max(dot(normal, sunDirection), 0.0);
  vec3 light = ambient + sunColour * facing * lit;
  vec3 halfway = normalize(sunDirection + towardsEye);
  float sharp = mix(12.0, 160.0, gloss);
  vec3 shine = sunColour * pow(max(dot(normal, halfway), 0.0), sharp) * gloss * lit * facing * 0.9;
  for (int index = 0; index < 12; index += 1) {
    if (index >= lampCount) break;
    vec3 ray = lampPosition[index].xyz - worldPosition;
    float distance_ = length(ray);
    ray /= distance_;
    float reach = lampPosition[index].w;
    float fade = pow(clamp(1.0 - pow(distance_ / reach, 4.0), 0.0, 1.0), 2.0) / (1.0 + distance_ * distance_ * 0.35);
    vec4 aim = lampAim[index];
    if (dot(aim.xyz, aim.xyz) > 0.0) fade *= smoothstep(aim.w, mix(aim.w, 1.0, 0.6), dot(-ray, aim.xyz));
    light += lampColour[index] * fade * (max(dot(normal, ray), 0.0) * 0.9 + 0.1) * mix(open, 1.0, 0.4);
    shine += lampColour[index] * fade * pow(max(dot(normal, normalize(ray + towardsEye)), 0.0), sharp) * gloss;
  }
  vec3 shaded = colour * light + shine;
  if (!mirrored && gloss > 0.05 && normal.y > 0.9 && worldPosition.y < 0.02) {
    float grazing = pow(1.0 - max(dot(normal, towardsEye), 0.0), 3.0);
    vec3 image = texture(reflection, screen).rgb;
    shaded = mix(shaded, image, gloss * (0.22 + 0.6 * grazing));
  }
  shaded = mix(shaded, colour * surface.z, step(0.001, surface.z));
  shaded = mix(shaded, fog.rgb, 1.0 - exp(-far * fog.a));
  result = vec4(shaded, alpha);
}`;

/** The sky: a gradient with soft clouds, drawn at the far plane. */
export const skyFragment = `${version}
in vec2 uv;
out vec4 result;
uniform mat4 inverseViewProjection;
uniform vec3 horizonColour;
uniform vec3 zenithColour;
uniform vec4 cloud;
float hash(vec2 p) {
  vec3 q = fract(vec3(p.xyx) * 0.1031);
  q += dot(q, q.yzx + 33.33);
  return fract((q.x + q.y) * q.z);
}
float noise(vec2 p) {
  vec2 cell = floor(p), part = fract(p);
  part = part * part * (3.0 - 2.0 * part);
  return mix(mix(hash(cell), hash(cell + vec2(1, 0)), part.x), mix(hash(cell + vec2(0, 1)), hash(cell + vec2(1, 1)), part.x), part.y);
}
void main() {
  vec4 near = inverseViewProjection * vec4(uv * 2.0 - 1.0, -1.0, 1.0);
  vec4 far = inverseViewProjection * vec4(uv * 2.0 - 1.0, 1.0, 1.0);
  vec3 ray = normalize(far.xyz / far.w - near.xyz / near.w);
  float height = max(ray.y, 0.0);
  vec3 colour = mix(horizonColour, zenithColour, pow(height, 0.55));
  if (cloud.z > 0.0) {
    vec2 at = ray.xz / (height + 0.12) * 0.9 + cloud.xy;
    float n = noise(at) * 0.55 + noise(at * 2.2 + 5.0) * 0.28 + noise(at * 4.7) * 0.17;
    colour = mix(colour, horizonColour * 1.12 + 0.04, smoothstep(0.45, 0.8, n) * 0.75 * smoothstep(0.0, 0.16, height));
  }
  result = vec4(colour, 1.0);
}`;

/** Exposure, filmic curve (Narkowicz's fit of ACES), saturation, tint, a soft glow and a vignette. */
export const gradeFragment = `${version}
in vec2 uv;
out vec4 result;
uniform sampler2D image;
uniform sampler2D glow;
uniform float exposure;
uniform float saturation;
uniform float vignette;
uniform vec3 tint;
void main() {
  vec3 light = (texture(image, uv).rgb + texture(glow, uv).rgb * 0.22) * exposure;
  vec3 film = clamp(light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14), 0.0, 1.0);
  film *= tint;
  film = mix(vec3(dot(film, vec3(0.2126, 0.7152, 0.0722))), film, saturation);
  vec2 centred = (uv - 0.5) * vec2(1.0, 0.8);
  film *= 1.0 - vignette * smoothstep(0.12, 0.62, dot(centred, centred) * 1.6);
  result = vec4(pow(clamp(film, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
}`;

/** Only what is brighter than white, for the glow. */
export const brightFragment = `${version}
in vec2 uv;
out vec4 result;
uniform sampler2D image;
void main() {
  vec3 light = texture(image, uv).rgb;
  result = vec4(max(light - 1.0, 0.0) / (1.0 + 0.15 * max(light - 1.0, 0.0)), 1.0);
}`;

/** A separable Gaussian of 13 taps. */
export const gaussFragment = `${version}
in vec2 uv;
out vec4 result;
uniform sampler2D image;
uniform vec2 direction;
void main() {
  vec3 sum = vec3(0.0);
  float total = 0.0;
  for (int index = -6; index <= 6; index += 1) {
    float weight = exp(-float(index * index) / 14.0);
    sum += texture(image, uv + direction * float(index)).rgb * weight;
    total += weight;
  }
  result = vec4(sum / total, 1.0);
}`;

export const copyFragment = `${version}
in vec2 uv;
out vec4 result;
uniform sampler2D image;
void main() { result = texture(image, uv); }`;
