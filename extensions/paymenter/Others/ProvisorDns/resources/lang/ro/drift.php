<?php

declare(strict_types=1);

return [
    'changed' => 'Publicată cu alt TTL decât cel cerut aici.',
    'missing' => 'Cerută aici, dar nu mai este publicată.',
    'missing_do' => 'Publică din nou',
    'foreign' => 'Publicată, dar nu a fost cerută aici.',
    'foreign_do' => 'Păstreaz-o',
];
