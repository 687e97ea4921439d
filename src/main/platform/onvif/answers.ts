import { z } from 'zod';
import { Text, element, several } from './xml.ts';

/** The parts of ONVIF's answers that we read; everything else is ignored. Element names as in the specifications' schemas. */

const Name = Text.transform((text) => text.trim().slice(0, 200));
const Count = Text.transform(Number).pipe(z.number().nonnegative());

/** ONVIF Device §8.1.1. */
export const DeviceInformation = element({
  GetDeviceInformationResponse: element({
    Manufacturer: Name.default(''),
    Model: Name.default(''),
    FirmwareVersion: Name.default(''),
    SerialNumber: Name.default(''),
  }),
});

/** ONVIF Device §8.4.5. The UTC time is optional; without it the offset is not known. */
export const SystemDateAndTime = element({
  GetSystemDateAndTimeResponse: element({
    SystemDateAndTime: element({
      UTCDateTime: z
        .object({
          Date: element({ Year: Count, Month: Count, Day: Count }),
          Time: element({ Hour: Count, Minute: Count, Second: Count }),
        })
        .optional(),
    }),
  }),
});

/** ONVIF Device §8.1.2. */
export const Services = element({
  GetServicesResponse: element({
    Service: several(element({ Namespace: Text, XAddr: Text }), 64),
  }),
});

/** ONVIF Device §8.1.3, deprecated, but all that older cameras have. */
export const Capabilities = element({
  GetCapabilitiesResponse: element({
    Capabilities: element({ Media: element({ XAddr: Text }).optional() }),
  }),
});

const Profile = element({
  '@token': z.string().min(1).max(64),
  Name: Name.default(''),
  VideoEncoderConfiguration: z
    .object({
      Encoding: Text.default(''),
      Resolution: element({ Width: Count, Height: Count }).optional(),
      RateControl: element({ FrameRateLimit: Count.optional(), BitrateLimit: Count.optional() }).optional(),
    })
    .optional(),
  AudioEncoderConfiguration: element({ Encoding: Text.default('') }).optional(),
});
export type MediaProfile = z.infer<typeof Profile>;

export const maximumProfiles = 64;

/** ONVIF Media §5.2.1. */
export const Profiles = element({
  GetProfilesResponse: element({ Profiles: several(Profile, maximumProfiles) }),
});

/** ONVIF Media §5.15.1 and §5.16.1. */
export const StreamUri = element({
  GetStreamUriResponse: element({ MediaUri: element({ Uri: Text }) }),
});
export const SnapshotUri = element({
  GetSnapshotUriResponse: element({ MediaUri: element({ Uri: Text }) }),
});
