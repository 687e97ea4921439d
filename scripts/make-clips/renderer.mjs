/**
 * A small forward renderer in WebGL 2: one shadow-casting light, lamps, ambient occlusion, mirrored floors, sky, glow and a
 * film-like grade. No textures and no randomness, so that the pictures are smooth and compress well.
 */

import { chunksOf, overlap, pixelsOf, touchedAreas } from './areas.mjs';
import { defaultLook, lampUniforms } from './look.mjs';
import { invert, lookAt, multiply, orthographic, perspective, scaling } from './matrix.mjs';
import { Mesh, vertexFloats } from './mesh.mjs';
import * as glsl from './shaders.mjs';
import { colourTarget, compile, depthTarget } from './webgl.mjs';

export class Renderer {
  #gl;
  #size;
  #programs;
  #targets;
  #buffers = new Map();
  #scene;
  #area = [0, 0, 1, 1];

  constructor(canvas) {
    const gl = canvas.getContext('webgl2', { antialias: false, preserveDrawingBuffer: true });
    gl.getExtension('EXT_color_buffer_float');
    gl.getExtension('OES_texture_float_linear');
    this.#gl = gl;
    this.#size = [canvas.width, canvas.height];
    const program = (vertex, fragment) => compile(gl, vertex, fragment);
    this.#programs = {
      depth: program(glsl.depthVertex, glsl.depthFragment),
      occlusion: program(glsl.screenVertex, glsl.occlusionFragment),
      blur: program(glsl.screenVertex, glsl.blurFragment),
      scene: program(glsl.sceneVertex, glsl.sceneFragment),
      sky: program(glsl.screenVertex, glsl.skyFragment),
      copy: program(glsl.screenVertex, glsl.copyFragment),
      bright: program(glsl.screenVertex, glsl.brightFragment),
      gauss: program(glsl.screenVertex, glsl.gaussFragment),
      grade: program(glsl.screenVertex, glsl.gradeFragment),
    };
    const [width, height] = this.#size;
    const half = [width / 2, height / 2];
    const quarter = [width / 4, height / 4];
    this.#targets = {
      shadow: depthTarget(gl, [2048, 2048], true),
      stillShadow: depthTarget(gl, [2048, 2048], true),
      depth: depthTarget(gl, half, false),
      stillDepth: depthTarget(gl, half, false),
      occlusion: colourTarget(gl, half, gl.RGBA8),
      open: colourTarget(gl, half, gl.RGBA8),
      reflection: colourTarget(gl, half, gl.RGBA16F, { depth: true }),
      reflectionSoft: colourTarget(gl, half, gl.RGBA16F),
      samples: colourTarget(gl, this.#size, gl.RGBA16F, { depth: true, samples: 4 }),
      colour: colourTarget(gl, this.#size, gl.RGBA16F),
      resolved: colourTarget(gl, this.#size, gl.RGBA16F),
      stillColour: colourTarget(gl, this.#size, gl.RGBA16F),
      glowA: colourTarget(gl, quarter, gl.RGBA16F),
      glowB: colourTarget(gl, quarter, gl.RGBA16F),
    };
  }

  /** Builds the parts of `scene` that stand still and draws the picture without anything that moves. */
  load(scene) {
    this.#scene = scene;
    const still = { solid: new Mesh(), unshadowing: new Mesh(), sheer: new Mesh() };
    scene.build(still);
    for (const name of ['solid', 'unshadowing', 'sheer']) this.#upload(name, still[name].vertices, true);
    this.#upload('moving', [], false);

    const { stillShadow, stillDepth, stillColour, shadow, depth, colour } = this.#targets;
    const view = this.#view(0);
    this.#depthPass(stillShadow, view.light, ['solid']);
    this.#depthPass(stillDepth, view.viewProjection, ['solid', 'unshadowing']);
    this.#copyDepth(stillShadow, shadow);
    this.#copyDepth(stillDepth, depth);
    this.#drawAreas(view, [[0, 0, 1, 1]]);
    this.#screen(stillColour, 'copy', { image: colour });
  }

  /**
   * Draws the scene at `phase`, 0 to 1 through its loop. The camera stands still, so only the parts of the picture that moving
   * things, their shadows and their mirror images touch are drawn again; the rest stays the same to the bit, which compresses.
   */
  draw(phase) {
    const moving = new Mesh();
    this.#scene.animate?.(moving, phase);
    this.#upload('moving', moving.vertices, false);

    const { stillShadow, stillDepth, stillColour, shadow, depth, colour } = this.#targets;
    const view = this.#view(phase);
    this.#copyDepth(stillShadow, shadow);
    this.#copyDepth(stillDepth, depth);
    this.#screen(colour, 'copy', { image: stillColour });
    this.#depthPass(shadow, view.light, ['moving'], false);
    this.#depthPass(depth, view.viewProjection, ['moving'], false);
    this.#drawAreas(view, touchedAreas(moving, view));
    this.#finish(view.look);
  }

  #view(phase) {
    const look = { ...defaultLook, ...this.#scene.look, ...this.#scene.lookAt?.(phase) };
    const [width, height] = this.#size;
    const { eye, target, degrees } = this.#scene.camera;
    const projection = perspective(degrees, width / height, 0.3, 260);
    const viewProjection = multiply(projection, lookAt(eye, target));
    return { look, eye, degrees, projection, viewProjection, light: this.#lightProjection(look) };
  }

  /** Draws the parts [left, bottom, right, top] (0 to 1) of the picture into the colour target. */
  #drawAreas(view, areas) {
    const gl = this.#gl;
    const { samples, resolved, colour } = this.#targets;
    const [width, height] = this.#size;
    gl.enable(gl.SCISSOR_TEST);
    for (const area of areas) {
      this.#area = area;
      this.#occlusionPass(view.projection, view.degrees);
      if (view.look.mirror) this.#reflectionPass(view);
      this.#scenePass(samples, { ...view, mirrored: false });
    }
    gl.disable(gl.SCISSOR_TEST);
    // Not every driver resolves a part without touching the rest, so the parts are copied from a picture of their own.
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, samples.framebuffer);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, resolved.framebuffer);
    gl.blitFramebuffer(0, 0, width, height, 0, 0, width, height, gl.COLOR_BUFFER_BIT, gl.NEAREST);
    gl.enable(gl.SCISSOR_TEST);
    for (const area of areas) {
      this.#area = area;
      this.#screen(colour, 'copy', { image: resolved });
    }
    gl.disable(gl.SCISSOR_TEST);
    this.#area = [0, 0, 1, 1];
  }

  #copyDepth(from, to) {
    const gl = this.#gl;
    const [width, height] = from.size;
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, from.framebuffer);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, to.framebuffer);
    gl.blitFramebuffer(0, 0, width, height, 0, 0, width, height, gl.DEPTH_BUFFER_BIT, gl.NEAREST);
  }

  #upload(name, vertices, still) {
    const gl = this.#gl;
    const entry = this.#buffers.get(name) ?? { array: gl.createVertexArray(), buffer: gl.createBuffer() };
    entry.count = vertices.length / vertexFloats;
    entry.chunks = chunksOf(vertices, this.#view(0).viewProjection);
    this.#buffers.set(name, entry);
    gl.bindVertexArray(entry.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, entry.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(vertices), still ? gl.STATIC_DRAW : gl.DYNAMIC_DRAW);
    for (let attribute = 0; attribute < 4; attribute += 1) {
      gl.enableVertexAttribArray(attribute);
      gl.vertexAttribPointer(attribute, 3, gl.FLOAT, false, vertexFloats * 4, attribute * 12);
    }
  }

  #lightProjection(look) {
    const { centre, radius } = look.shadowArea;
    const eye = centre.map((value, axis) => value + look.sunDirection[axis] * radius * 2);
    const up = Math.abs(look.sunDirection[1]) > 0.95 ? [0, 0, -1] : [0, 1, 0];
    return multiply(orthographic(radius, 0.1, radius * 4), lookAt(eye, centre, up));
  }

  #drawMeshes(names) {
    for (const name of names) {
      const entry = this.#buffers.get(name);
      if (entry === undefined || entry.count === 0) continue;
      this.#gl.bindVertexArray(entry.array);
      this.#gl.drawArrays(this.#gl.TRIANGLES, 0, entry.count);
    }
  }

  /** Draws only what can be seen in the current area: vertices cost more than pixels in software. */
  #drawSeen(names, mirrored) {
    for (const name of names) {
      const entry = this.#buffers.get(name);
      if (entry === undefined || entry.count === 0) continue;
      this.#gl.bindVertexArray(entry.array);
      const seen = entry.chunks.filter((chunk) =>
        overlap(mirrored ? chunk.mirrorArea : chunk.area, this.#area),
      );
      for (let index = 0; index < seen.length;) {
        const { start } = seen[index];
        let end = start;
        while (index < seen.length && seen[index].start === end) {
          end += seen[index].count;
          index += 1;
        }
        this.#gl.drawArrays(this.#gl.TRIANGLES, start, end - start);
      }
    }
  }

  #bind(target) {
    const gl = this.#gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, target?.framebuffer ?? null);
    const size = target?.size ?? this.#size;
    gl.viewport(0, 0, ...size);
    const [left, bottom, right, top] = pixelsOf(this.#area, size);
    gl.scissor(left, bottom, right - left, top - bottom);
  }

  #use(name, values) {
    const gl = this.#gl;
    const program = this.#programs[name];
    gl.useProgram(program.handle);
    let unit = 0;
    for (const [key, value] of Object.entries(values)) {
      const location = program.locations.get(key);
      if (location === undefined) continue;
      if (value?.texture !== undefined) {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, value.texture);
        gl.uniform1i(location, unit);
        unit += 1;
      } else if (typeof value === 'number') gl.uniform1f(location, value);
      else if (typeof value === 'boolean') gl.uniform1i(location, Number(value));
      else if (value?.whole !== undefined) gl.uniform1i(location, value.whole);
      else if (value?.vec4s !== undefined) gl.uniform4fv(location, value.vec4s);
      else if (value?.vec3s !== undefined) gl.uniform3fv(location, value.vec3s);
      else if (value.length === 16) gl.uniformMatrix4fv(location, false, value);
      else gl[`uniform${value.length}fv`](location, value);
    }
  }

  #screen(target, name, values) {
    const gl = this.#gl;
    this.#bind(target);
    gl.disable(gl.DEPTH_TEST);
    this.#use(name, values);
    gl.bindVertexArray(null);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  #depthPass(target, viewProjection, names, clear = true) {
    const gl = this.#gl;
    this.#bind(target);
    gl.enable(gl.DEPTH_TEST);
    if (clear) gl.clear(gl.DEPTH_BUFFER_BIT);
    this.#use('depth', { viewProjection });
    this.#drawMeshes(names);
  }

  #occlusionPass(projection, degrees) {
    const { depth, occlusion, open } = this.#targets;
    const pixel = [1 / depth.size[0], 1 / depth.size[1]];
    const focal = 0.5 / Math.tan((degrees * Math.PI) / 360) / (16 / 9);
    this.#screen(occlusion, 'occlusion', { depth, inverseProjection: invert(projection), focal, pixel });
    this.#screen(open, 'blur', { image: occlusion, pixel });
  }

  #reflectionPass({ viewProjection, light, look, eye }) {
    const { reflection, reflectionSoft } = this.#targets;
    this.#scenePass(reflection, {
      viewProjection: multiply(viewProjection, scaling(1, -1, 1)),
      light,
      look,
      eye: [eye[0], -eye[1], eye[2]],
      mirrored: true,
    });
    const [width, height] = reflection.size;
    this.#screen(reflectionSoft, 'gauss', { image: reflection, direction: [0.9 / width, 0] });
    this.#screen(reflection, 'gauss', { image: reflectionSoft, direction: [0, 1.6 / height] });
  }

  #scenePass(target, { viewProjection, light, look, eye, mirrored }) {
    const gl = this.#gl;
    const { shadow, open, reflection } = this.#targets;
    this.#screen(target, 'sky', {
      inverseViewProjection: invert(viewProjection),
      horizonColour: look.horizonColour,
      zenithColour: look.zenithColour,
      cloud: look.cloud,
    });
    gl.enable(gl.DEPTH_TEST);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    // Depth first, so that the costly shader runs once a pixel.
    if (!mirrored) {
      gl.colorMask(false, false, false, false);
      this.#use('depth', { viewProjection });
      this.#drawSeen(['solid', 'unshadowing', 'moving'], mirrored);
      gl.colorMask(true, true, true, true);
      gl.depthFunc(gl.LEQUAL);
    }
    if (!mirrored) gl.enable(gl.SAMPLE_ALPHA_TO_COVERAGE);
    this.#use('scene', {
      viewProjection,
      lightProjection: light,
      shadowMap: shadow,
      occlusion: open,
      // The pass that draws the reflection may not read it.
      reflection: mirrored ? open : reflection,
      screenSize: target.size,
      eye,
      mirrored,
      sunDirection: look.sunDirection,
      sunColour: look.sunColour,
      skyColour: look.skyColour,
      groundColour: look.groundColour,
      fog: look.fog,
      cloud: look.groundCloud,
      shadowSoftness: look.shadowSoftness / 2048,
      ...lampUniforms(look.lamps),
    });
    this.#drawSeen(['solid', 'unshadowing', 'moving', 'sheer'], mirrored);
    gl.disable(gl.SAMPLE_ALPHA_TO_COVERAGE);
  }

  #finish(look) {
    const { colour, glowA, glowB } = this.#targets;
    const [width, height] = glowA.size;
    this.#screen(glowA, 'bright', { image: colour });
    for (const spread of [1, 2.2]) {
      this.#screen(glowB, 'gauss', { image: glowA, direction: [spread / width, 0] });
      this.#screen(glowA, 'gauss', { image: glowB, direction: [0, spread / height] });
    }
    const { exposure, saturation, vignette, tint } = look;
    this.#screen(undefined, 'grade', { image: colour, glow: glowA, exposure, saturation, vignette, tint });
  }
}
