import { z } from 'zod';
import { Text, several } from './xml.ts';

/** The parts of ONVIF's answers that we read; everything else is ignored. Element names as in the specifications' schemas. */

const Name = Text.transform((text) => text.trim().slice(0, 200));
const Count = Text.transform(Number).pipe(z.number().nonnegative());

/** ONVIF Device §8.1.1. */
export const DeviceInformation = z.object({
  GetDeviceInformationResponse: z.object({
    Manufacturer: Name.default(''),
    Model: Name.default(''),
    FirmwareVersion: Name.default(''),
    SerialNumber: Name.default(''),
  }),
});

/** ONVIF Device §8.4.5. The UTC time is optional; without it the offset is not known. */
export const SystemDateAndTime = z.object({
  GetSystemDateAndTimeResponse: z.object({
    SystemDateAndTime: z.object({
      UTCDateTime: z
        .object({
          Date: z.object({ Year: Count, Month: Count, Day: Count }),
          Time: z.object({ Hour: Count, Minute: Count, Second: Count }),
        })
        .optional(),
    }),
  }),
});

/** ONVIF Device §8.1.2. */
export const Services = z.object({
  GetServicesResponse: z.object({
    Service: several(z.object({ Namespace: Text, XAddr: Text }), 64),
  }),
});

/** ONVIF Device §8.1.3, deprecated, but all that older cameras have. */
export const Capabilities = z.object({
  GetCapabilitiesResponse: z.object({
    Capabilities: z.object({ Media: z.object({ XAddr: Text }).optional() }),
  }),
});

const Profile = z.object({
  '@token': z.string().min(1).max(64),
  Name: Name.default(''),
  VideoEncoderConfiguration: z
    .object({
      Encoding: Text.default(''),
      Resolution: z.object({ Width: Count, Height: Count }).optional(),
      RateControl: z.object({ FrameRateLimit: Count.optional(), BitrateLimit: Count.optional() }).optional(),
    })
    .optional(),
  AudioEncoderConfiguration: z.object({ Encoding: Text.default('') }).optional(),
});
export type MediaProfile = z.infer<typeof Profile>;

export const maximumProfiles = 64;

/** ONVIF Media §5.2.1. */
export const Profiles = z.object({
  GetProfilesResponse: z.object({ Profiles: several(Profile, maximumProfiles) }),
});

/** ONVIF Media §5.15.1 and §5.16.1. */
export const StreamUri = z.object({
  GetStreamUriResponse: z.object({ MediaUri: z.object({ Uri: Text }) }),
});
export const SnapshotUri = z.object({
  GetSnapshotUriResponse: z.object({ MediaUri: z.object({ Uri: Text }) }),
});
