/** The roles of NAL units in either video codec. */
import type { NalRole, NalSyntax } from './access-unit.ts';
import { NalType } from './h264.ts';
import { H265NalType, h265NalType } from './h265.ts';
import { H264ParameterSetCollector, H265ParameterSetCollector } from './parameter-set-collector.ts';
import type { H264ParameterSets, H265ParameterSets } from './parameter-sets.ts';

export const h264Syntax: NalSyntax<H264ParameterSets> = {
  headerBytes: 1,
  roleOf: (firstByte) => h264Role(firstByte & 0x1f),
  createCollector: () => new H264ParameterSetCollector(),
};

export const h265Syntax: NalSyntax<H265ParameterSets> = {
  headerBytes: 2,
  // Pictures of further layers refine those of layer 0, which every decoder shows.
  roleOf: (firstByte, secondByte) =>
    (firstByte & 0x01) !== 0 || secondByte >> 3 !== 0 ? 'dropped' : h265Role(h265NalType(firstByte)),
  createCollector: () => new H265ParameterSetCollector(),
};

/** ITU-T H.264 Table 7-1. */
function h264Role(type: number): NalRole {
  switch (type) {
    case NalType.idrSlice:
      return 'sync-picture';
    case NalType.supplementalEnhancementInformation:
      return 'message';
    case NalType.sequenceParameterSet:
    case NalType.pictureParameterSet:
      return 'parameter-set';
    case NalType.accessUnitDelimiter:
    case NalType.endOfSequence:
    case NalType.endOfStream:
    case NalType.fillerData:
      return 'dropped';
    default:
      return type >= NalType.slice && type < NalType.idrSlice ? 'picture' : 'other';
  }
}

/** ITU-T H.265 Table 7-1. */
function h265Role(type: number): NalRole {
  switch (type) {
    case H265NalType.skippedLeading:
    case H265NalType.skippedLeadingReference:
      return 'skipped-picture';
    case H265NalType.prefixMessage:
    case H265NalType.suffixMessage:
      return 'message';
    case H265NalType.videoParameterSet:
    case H265NalType.sequenceParameterSet:
    case H265NalType.pictureParameterSet:
      return 'parameter-set';
    case H265NalType.accessUnitDelimiter:
    case H265NalType.endOfSequence:
    case H265NalType.endOfBitstream:
    case H265NalType.fillerData:
      return 'dropped';
    default:
      if (type > H265NalType.lastPicture) return 'other';
      return type >= H265NalType.firstRandomAccess && type <= H265NalType.lastRandomAccess
        ? 'sync-picture'
        : 'picture';
  }
}
