<?php

declare(strict_types=1);

return [
    'subdomain' => 'Numele site-ului',
    'subdomain_help' => 'Litere mici, cifre și cratime. Dacă rămâne gol sau este ocupat, alegem noi unul.',
];
