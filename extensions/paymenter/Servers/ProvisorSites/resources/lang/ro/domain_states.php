<?php

declare(strict_types=1);

return [
    'pending_verification' => 'Așteaptă DNS-ul',
    'issuing' => 'Se configurează',
    'active' => 'Activ',
    'removing' => 'Se elimină',
    'removed' => 'Eliminat',
    'failed' => 'Eșuat',
    'expired' => 'Expirat',
];
