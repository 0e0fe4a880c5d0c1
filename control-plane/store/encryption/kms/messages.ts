import protobuf from 'protobufjs'

/** Messages of the key management service (KMS v2), and what is stored with each value. */
const PROTO = `
syntax = "proto3";
package v2;

message StatusRequest {}
message StatusResponse {
  string version = 1;
  string healthz = 2;
  string key_id = 3;
}

message EncryptRequest {
  bytes plaintext = 1;
  string uid = 2;
}
message EncryptResponse {
  bytes ciphertext = 1;
  string key_id = 2;
  map<string, bytes> annotations = 3;
}

message DecryptRequest {
  bytes ciphertext = 1;
  string uid = 2;
  string key_id = 3;
  map<string, bytes> annotations = 4;
}
message DecryptResponse {
  bytes plaintext = 1;
}

message EncryptedObject {
  bytes encryptedData = 1;
  string keyID = 2;
  bytes encryptedDEKSource = 3;
  map<string, bytes> annotations = 4;
  int32 encryptedDEKSourceType = 5;
}
`

/** The service that answers them: `/v2.KeyManagementService/Encrypt`. */
export const SERVICE = 'v2.KeyManagementService'

const { root } = protobuf.parse(PROTO)
const PLAIN = { defaults: true, objects: true, arrays: true }

export interface MessageCodec<T extends object> {
  encode(message: Partial<T>): Buffer
  /** Throws where the bytes are no such message. */
  decode(bytes: Uint8Array): T
}

function codec<T extends object>(name: string): MessageCodec<T> {
  const type = root.lookupType(`v2.${name}`)
  return {
    encode: message => Buffer.from(type.encode(type.fromObject(message)).finish()),
    decode: bytes => type.toObject(type.decode(bytes), PLAIN) as T,
  }
}

export type Annotations = Record<string, Uint8Array>

export interface StatusResponse {
  version: string
  healthz: string
  keyId: string
}

export interface EncryptRequest {
  plaintext: Uint8Array
  uid: string
}

export interface EncryptResponse {
  ciphertext: Uint8Array
  keyId: string
  annotations: Annotations
}

export interface DecryptRequest {
  ciphertext: Uint8Array
  uid: string
  keyId: string
  annotations: Annotations
}

export interface DecryptResponse {
  plaintext: Uint8Array
}

/** How the key of a value is made of what the service decrypts: it is the key, or a seed for a key of each value. */
export const SOURCE = { key: 0, seed: 1 } as const

/** A value as it is stored. */
export interface EncryptedObject {
  encryptedData: Uint8Array
  keyID: string
  encryptedDEKSource: Uint8Array
  annotations: Annotations
  encryptedDEKSourceType: number
}

export const MESSAGES = {
  StatusRequest: codec<Record<string, never>>('StatusRequest'),
  StatusResponse: codec<StatusResponse>('StatusResponse'),
  EncryptRequest: codec<EncryptRequest>('EncryptRequest'),
  EncryptResponse: codec<EncryptResponse>('EncryptResponse'),
  DecryptRequest: codec<DecryptRequest>('DecryptRequest'),
  DecryptResponse: codec<DecryptResponse>('DecryptResponse'),
  EncryptedObject: codec<EncryptedObject>('EncryptedObject'),
}
