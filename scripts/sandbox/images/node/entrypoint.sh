#!/bin/bash
# One Kubernetes node in a container: etcd, the control plane, kubelet,
# containerd, kube-proxy, CoreDNS, Traefik and three small controllers of our own
# (volumes, loadbalancer, networkpolicies), each a process of its own.
# When any of them ends, the container ends, and `sandbox up` starts it again.
set -eu

pki=/var/lib/kubernetes/pki
conf=/var/lib/kubernetes
logs=/var/log/slipway
ip=$(hostname -i | cut -d' ' -f1)

# containerd and kubelet mount things that must be seen in pods.
mount --make-rshared /

# kubelet sets these for the whole kernel, not for this container: give it
# files to write to, so that the host stays as it was.
for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
	mkdir -p /run/sysctl
	cat /proc/sys/$name >/run/sysctl/${name##*/}
	mount --bind /run/sysctl/${name##*/} /proc/sys/$name
done
echo 1 >/proc/sys/net/ipv4/ip_forward
for name in bridge-nf-call-iptables bridge-nf-call-ip6tables; do
	[ -e /proc/sys/net/bridge/$name ] && echo 1 >/proc/sys/net/bridge/$name
done

mkdir -p $logs /var/lib/etcd
chmod 700 /var/lib/etcd
pki.sh
sed "s/CLUSTER_DNS/$ip/" /etc/slipway/kubelet.yaml >/run/kubelet.yaml
sed "s/NODE_IP/$ip/" /etc/slipway/Corefile >/run/Corefile

start() { # NAME COMMAND...: a process of this node, its output in a file
	local name=$1
	shift
	"$@" >"$logs/$name.log" 2>&1 </dev/null &
}

start containerd containerd --config /etc/containerd/config.toml
start etcd etcd --data-dir /var/lib/etcd --unsafe-no-fsync --log-level warn \
	--listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380
start kube-apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 --advertise-address="$ip" --secure-port=6443 \
	--client-ca-file=$pki/ca.crt --tls-cert-file=$pki/apiserver.crt --tls-private-key-file=$pki/apiserver.key \
	--service-account-issuer=https://kubernetes.default.svc.cluster.local --service-account-key-file=$pki/sa.pub --service-account-signing-key-file=$pki/sa.key \
	--authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --service-cluster-ip-range=10.96.0.0/16 --allow-privileged=true \
	--kubelet-preferred-address-types=InternalIP --kubelet-client-certificate=$pki/apiserver-kubelet.crt --kubelet-client-key=$pki/apiserver-kubelet.key \
	--requestheader-client-ca-file=$pki/front-proxy-ca.crt --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
	--requestheader-extra-headers-prefix=X-Remote-Extra- --audit-policy-file=/etc/slipway/audit.yaml --audit-log-path=$logs/audit.log --audit-log-maxsize=100 --audit-log-maxbackup=1

ask() { # PATH CURL'S ARGUMENTS...: ask the API server as the administrator
	local path=$1
	shift
	curl -sf --cacert $pki/ca.crt --cert $pki/admin.crt --key $pki/admin.key "$@" "https://127.0.0.1:6443$path"
}

until ask /readyz >/dev/null; do
	[ "$(jobs -rp | wc -l)" -eq 3 ] || { tail -n 5 $logs/*.log; exit 1; }
	sleep 0.1
done

# The Gateway API's kinds, before Traefik asks for them: it waits longer each time.
for file in /usr/local/share/gateway-api/*.yaml; do
	name=$(sed -n 's/^  name: //p' "$file") # of the definition; others lie deeper
	ask "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/$name?fieldManager=sandbox&force=true" \
		-X PATCH -H 'Content-Type: application/apply-patch+yaml' --data-binary @"$file" >/dev/null
done

# Before kubelet, which starts pods.
KUBECONFIG=$conf/admin.conf start networkpolicies networkpolicies /run/networkpolicies.sock
start kube-controller-manager kube-controller-manager --kubeconfig=$conf/kube-controller-manager.conf \
	--authentication-kubeconfig=$conf/kube-controller-manager.conf --authorization-kubeconfig=$conf/kube-controller-manager.conf \
	--client-ca-file=$pki/ca.crt --root-ca-file=$pki/ca.crt --cluster-signing-cert-file=$pki/ca.crt --cluster-signing-key-file=$pki/ca.key \
	--service-account-private-key-file=$pki/sa.key --use-service-account-credentials \
	--allocate-node-cidrs --cluster-cidr=10.244.0.0/16 --service-cluster-ip-range=10.96.0.0/16 --leader-elect=false --bind-address=127.0.0.1 \
	--kube-api-qps=300 --kube-api-burst=600
start kube-scheduler kube-scheduler --kubeconfig=$conf/kube-scheduler.conf \
	--authentication-kubeconfig=$conf/kube-scheduler.conf --authorization-kubeconfig=$conf/kube-scheduler.conf --leader-elect=false --bind-address=127.0.0.1
start kubelet kubelet --config=/run/kubelet.yaml --kubeconfig=$conf/kubelet.conf --hostname-override=node --node-ip="$ip"
start kube-proxy kube-proxy --config=/etc/slipway/kube-proxy.yaml
start coredns coredns -conf /run/Corefile
KUBECONFIG=$conf/admin.conf start volumes volumes
KUBECONFIG=$conf/admin.conf start loadbalancer loadbalancer "$ip"
KUBECONFIG=$conf/admin.conf start traefik traefik --entrypoints.web.address=:80 --providers.kubernetesingress \
	--providers.kubernetesingress.ingressendpoint.ip="$ip" --providers.kubernetesgateway --providers.kubernetesgateway.statusaddress.ip="$ip" \
	--providers.providersthrottleduration=100ms \
	--ping --ping.entrypoint=web --global.checknewversion=false --global.sendanonymoususage=false --log.level=INFO

wait -n || true
tail -n 5 $logs/*.log
exit 1
