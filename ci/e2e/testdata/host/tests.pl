# Tests of a version at ADDRESS, in the Test Anything Protocol.
use strict;
use warnings;
use HTTP::Tiny;
use Test::More;

sub get { HTTP::Tiny->new(timeout => 10)->get($ENV{ADDRESS} . shift) }

is get('/hello')->{content}, "Hello from C!\n", 'it greets';
is get('/version')->{content}, "$ENV{VERSION}\n", 'it is the version just deployed';
like $ENV{ADDRESS}, qr{^http://[\w.-]+(:\d+)?$}, 'it has a host of its own';
done_testing;
