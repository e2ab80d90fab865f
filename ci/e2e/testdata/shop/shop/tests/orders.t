# Of the Service that no Ingress leads to.
use strict;
use warnings;
use HTTP::Tiny;
use Test::More tests => 1;

is(HTTP::Tiny->new(timeout => 10)->get('http://orders:8080/orders')->{content}, "3 orders of 12.50\n", 'orders are counted');
