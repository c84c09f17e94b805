import type { ErrorCode } from '../../model/errors.ts';

/** Codes of Amazon S3's "Error responses" and of servers that speak its protocol, where the HTTP status does not say it. */
const BY_NAME: Readonly<Record<string, ErrorCode>> = {
  NoSuchBucket: 'EXPORTER_TARGET_MISSING',
  CredentialsProviderError: 'EXPORTER_REFUSED',
  InvalidAccessKeyId: 'EXPORTER_REFUSED',
  XAdminUserNotFound: 'EXPORTER_REFUSED', // versitygw, of a key, with the status 404
  SignatureDoesNotMatch: 'EXPORTER_REFUSED',
  AccessDenied: 'EXPORTER_REFUSED',
  AllAccessDisabled: 'EXPORTER_REFUSED',
  ExpiredToken: 'EXPORTER_REFUSED',
  InvalidToken: 'EXPORTER_REFUSED',
  RequestTimeTooSkewed: 'EXPORTER_REFUSED',
  QuotaExceeded: 'EXPORTER_FULL',
  XMinioStorageFull: 'EXPORTER_FULL',
  PermanentRedirect: 'EXPORTER_MISCONFIGURED',
  AuthorizationHeaderMalformed: 'EXPORTER_MISCONFIGURED',
  InvalidBucketName: 'EXPORTER_MISCONFIGURED',
};

/** What an error of the AWS SDK means for us. */
export function errorCode(error: unknown): ErrorCode {
  const e = error as { readonly name?: string; readonly $metadata?: { readonly httpStatusCode?: number } };
  const known = BY_NAME[e.name ?? ''];
  if (known !== undefined) return known;
  const status = e.$metadata?.httpStatusCode;
  if (status === 401 || status === 403) return 'EXPORTER_REFUSED';
  if (status === 404) return 'EXPORTER_TARGET_MISSING';
  return status === 507 ? 'EXPORTER_FULL' : 'EXPORTER_UNREACHABLE';
}
