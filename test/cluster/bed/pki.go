package bed

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// lifetime of certificates: longer than any cluster stands.
const lifetime = 365 * 24 * time.Hour

// authority signs all certificates of one cluster.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority makes a certificate authority and keeps it in ca.crt and ca.key.
func newAuthority(d Dirs) (*authority, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "pktrail-test-ca"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	a := &authority{}
	var err error
	a.cert, a.key, err = a.sign(template)
	if err != nil {
		return nil, err
	}
	return a, writePair(d.pki("ca"), a.cert, a.key)
}

// loadAuthority reads what newAuthority kept.
func loadAuthority(d Dirs) (*authority, error) {
	certPEM, err := os.ReadFile(d.pki("ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	keyPEM, err := os.ReadFile(d.pki("ca.key"))
	if err != nil {
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	certBlock, _ := pem.Decode(certPEM)
	keyBlock, _ := pem.Decode(keyPEM)
	if certBlock == nil || keyBlock == nil {
		return nil, errors.New("read certificate authority: no PEM block")
	}
	a := &authority{}
	if a.cert, err = x509.ParseCertificate(certBlock.Bytes); err != nil {
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	if a.key, err = x509.ParseECPrivateKey(keyBlock.Bytes); err != nil {
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	return a, nil
}

// issue makes a certificate for a client (its user name and groups stand in
// the subject) that can serve, too, under the given names and addresses.
func (a *authority) issue(path string, subject pkix.Name, hosts ...string) error {
	template := &x509.Certificate{
		Subject:     subject,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	cert, key, err := a.sign(template)
	if err != nil {
		return fmt.Errorf("issue certificate %s: %w", filepath.Base(path), err)
	}
	return writePair(path, cert, key)
}

// sign completes a template with a new key; the first certificate signs itself.
func (a *authority) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, nil, fmt.Errorf("make serial number: %w", err)
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(lifetime)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, nil, fmt.Errorf("sign certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("sign certificate: %w", err)
	}
	return cert, key, nil
}

// writePair keeps a certificate in path.crt and its key in path.key.
func writePair(path string, cert *x509.Certificate, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := writePEM(path+".key", "EC PRIVATE KEY", der); err != nil {
		return err
	}
	return writePEM(path+".crt", "CERTIFICATE", cert.Raw)
}

// writeServiceAccountKey makes the pair that tokens of service accounts are
// signed with: sa.key and sa.pub.
func writeServiceAccountKey(d Dirs) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := writePEM(d.pki("sa.key"), "EC PRIVATE KEY", private); err != nil {
		return err
	}
	return writePEM(d.pki("sa.pub"), "PUBLIC KEY", public)
}

func writePEM(path, kind string, der []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make directory for keys: %w", err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}
