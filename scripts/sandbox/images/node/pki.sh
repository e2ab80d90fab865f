#!/bin/sh
# Makes the cluster's keys, certificates and kubeconfigs once; they live as long as the node's volume.
set -eu

dir=/var/lib/kubernetes
[ -f $dir/done ] && exit 0
mkdir -p $dir/pki
cd $dir/pki

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

authority() { # NAME COMMON-NAME
	key "$1"
	openssl req -x509 -new -key "$1.key" -subj "/CN=$2" -days 3650 -out "$1.crt"
}

certificate() { # NAME SUBJECT [ALTERNATIVE-NAMES]
	key "$1"
	openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
	printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,serverAuth\n%s\n' "${3:+subjectAltName=$3}" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
	rm "$1.csr" "$1.ext"
}

kubeconfig() { # NAME
	cat >"$dir/$1.conf" <<CONF
apiVersion: v1
kind: Config
clusters:
- name: slipway-sandbox
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority-data: $(base64 -w0 ca.crt)
users:
- name: $1
  user:
    client-certificate-data: $(base64 -w0 "$1.crt")
    client-key-data: $(base64 -w0 "$1.key")
contexts:
- name: slipway-sandbox
  context: {cluster: slipway-sandbox, user: $1}
current-context: slipway-sandbox
CONF
	chmod 600 "$dir/$1.conf"
}

authority ca kubernetes
authority front-proxy-ca front-proxy-ca
openssl genrsa -out sa.key 2048 2>/dev/null
openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null
certificate apiserver /CN=kube-apiserver \
	IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:node,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
certificate apiserver-kubelet /O=system:masters/CN=apiserver-kubelet
certificate admin /O=system:masters/CN=admin
certificate kube-controller-manager /CN=system:kube-controller-manager
certificate kube-scheduler /CN=system:kube-scheduler
certificate kube-proxy /CN=system:kube-proxy
certificate kubelet /O=system:nodes/CN=system:node:node DNS:node,IP:127.0.0.1
for name in admin kube-controller-manager kube-scheduler kube-proxy kubelet; do kubeconfig $name; done
touch $dir/done
