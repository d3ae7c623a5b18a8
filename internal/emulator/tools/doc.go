// Package tools emulates the providers that need no cloud: random and tls. What
// they make is real: passwords of the length and characters asked for, bcrypt
// hashes, keys that ssh and TLS accept, certificates that verify. Only the place
// where it is made is the emulator.
//
// # What is modelled
//
//   - random: RandomPassword, RandomString, RandomBytes, RandomId, RandomUuid,
//     RandomInteger and RandomShuffle; tls: PrivateKey, CertRequest,
//     SelfSignedCert, LocallySignedCert, getPublicKey, and getCertificate of a
//     given content.
//   - What the real providers refuse, in their words, and when: in Check what
//     they validate, at the create what they find out while making.
//   - Everything is made once. All inputs replace, but for a certificate's
//     earlyRenewalHours; writing out a default value changes nothing.
//   - Results are the same for the same world seed, URN and generation; a
//     replacement gets others. The exceptions are the salt of a bcrypt hash, the
//     check number inside an OpenSSH private key, and the validity of a
//     certificate, which begins now.
//
// Because the seed is no secret, nothing made here may protect anything outside
// an emulated world.
//
// # What is not modelled
//
//   - RandomPet, whose word lists are not here.
//   - Ids that several resources share. The real providers keep nothing and tell
//     nobody apart: every RandomPassword has the id "none", every RandomShuffle
//     "-", and two RandomIntegers may have one. The world knows things by their
//     ids, so these ids end in digits of their own.
//   - The replacement of a certificate that has become ready for renewal. It is
//     shown (readyForRenewal, in a refresh), and nothing is replaced for it: a
//     diff compares inputs.
//   - Imports, getCertificate of a URL, which would leave the emulated world, and
//     RSA keys beyond 8192 bits, which would hold up everybody else in it.
package tools
